import {
  type EntryKey,
  equalValues,
  type Key,
  type PresenceModel,
  type PresenceSnapshot,
} from "../../core/mod.ts";
import type {
  CursorPosition,
  ProjectionPolicy,
  SubjectSummary,
  VisibleChange,
} from "../../store/mod.ts";
import type { PresenceBatch } from "./batch.ts";
import { EntryMap } from "../entry_map.ts";
import { ViewedContext } from "./viewed_context.ts";

/** How one entry differs from before a batch. */
export interface EntryDifference<M extends PresenceModel = PresenceModel> {
  /** What the entry was; `undefined` if it was not there. */
  readonly previous: PresenceSnapshot<M> | undefined;
  /** What the entry is; `undefined` if it is gone. */
  readonly snapshot: PresenceSnapshot<M> | undefined;
}

/** What a batch has meant for a subject in a context. */
export interface PresenceViewEvent<M extends PresenceModel = PresenceModel> {
  /**
   * `joined` if the subject had no entry before the batch, `left` if it has
   * none after it, else `updated`.
   */
  readonly type: "joined" | "updated" | "left";
  /** Who. */
  readonly subject: M["subject"];
  /** Where. */
  readonly context: M["context"];
  /** The entries that differ. */
  readonly entries: readonly EntryDifference<M>[];
}

/**
 * A mirror of what a watch may see: it takes batches in and tells who joined,
 * was updated and left. A read gives the same object until a batch changes what
 * it holds, as `useSyncExternalStore` of React needs it.
 *
 * @typeParam M The application's model.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer, PresenceView } from "@ruthere/presence/server";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer({ clock: () => 100 });
 * server.receive({
 *   subject: "alice",
 *   context: "doc-42",
 *   origin: "session/browser",
 *   visibility: "public",
 *   observedAt: 100,
 *   expiry: "never",
 *   facets: { activity: "editing" },
 * });
 *
 * const view = new PresenceView();
 * for await (const batch of server.watch({ context: "doc-42" })) {
 *   for (const event of view.apply(batch)) {
 *     assertEquals(event.type, "joined");
 *     assertEquals(event.subject, "alice");
 *   }
 *   break;
 * }
 * assertEquals(view.subjectSummary("alice", "doc-42")?.activity, "editing");
 * ```
 */
export class PresenceView<M extends PresenceModel = PresenceModel> {
  readonly #contexts = new Map<Key, ViewedContext<M>>();
  /** What was read across contexts since it last changed: all, or of some. */
  #all: readonly PresenceSnapshot<M>[] | undefined;
  readonly #bySubject = new Map<Key, readonly PresenceSnapshot<M>[]>();
  #arriving: PresenceSnapshot<M>[] = [];
  #position: CursorPosition | undefined;

  /** Up to where the mirror is complete; `undefined` before a baseline is. */
  get position(): CursorPosition | undefined {
    return this.#position;
  }

  /**
   * Takes a batch in. A baseline counts when its last part is there. O(batch);
   * a baseline also costs the size of the mirror.
   *
   * @param batch The next batch of one watch.
   * @returns What the batch has meant, one event a subject and context.
   */
  apply(batch: PresenceBatch<M>): PresenceViewEvent<M>[] {
    const differences = new Differences<M>();
    if (batch.type === "changes") {
      for (const change of batch.changes) this.#change(change, differences);
      this.#position = batch.position;
    } else {
      if (batch.part === 0) this.#arriving = [];
      for (const snapshot of batch.snapshots) this.#arriving.push(snapshot);
      if (!batch.last) return [];
      this.#replace(this.#arriving, differences);
      this.#arriving = [];
      this.#position = batch.position;
    }
    return this.#events(differences);
  }

  /**
   * Reads the entries that match everything that the query gives. O(answer);
   * for a subject alone, O(contexts); again, while nothing has changed: O(1).
   *
   * @param query Whose and where; everything, if it is empty.
   * @returns The snapshots, in no particular order: the same list until it
   * changes.
   */
  snapshots(
    query: {
      readonly context?: M["context"] | undefined;
      readonly subject?: M["subject"] | undefined;
    } = {},
  ): readonly PresenceSnapshot<M>[] {
    const { context, subject } = query;
    if (context !== undefined) {
      return this.#contexts.get(context)?.snapshots(subject) ?? NONE;
    }
    const known = subject === undefined
      ? this.#all
      : this.#bySubject.get(subject);
    if (known !== undefined) return known;
    const snapshots = [...this.#contexts.values()]
      .flatMap((there) => there.snapshots(subject));
    if (snapshots.length === 0) return NONE;
    if (subject === undefined) this.#all = snapshots;
    else this.#bySubject.set(subject, snapshots);
    return snapshots;
  }

  /**
   * Lists the subjects of a context. O(answer); again, while nobody has come or
   * gone: O(1).
   *
   * @param context Which context.
   * @returns The subjects, in the order they came: the same list until it
   * changes.
   */
  subjects(context: M["context"]): readonly M["subject"][] {
    return this.#contexts.get(context)?.subjects() ?? NONE;
  }

  /**
   * Sums up one subject in one context. O(the subject's entries there); again,
   * while none of them has changed: O(1).
   *
   * @param subject Whose summary.
   * @param context Where.
   * @param projection The ranks; the same object for the same ranks.
   * @returns The summary, `undefined` if the subject is not there: the same
   * object until it changes.
   */
  subjectSummary(
    subject: M["subject"],
    context: M["context"],
    projection?: ProjectionPolicy,
  ): SubjectSummary<M> | undefined {
    return this.#contexts.get(context)?.summary(subject, projection);
  }

  #change(change: VisibleChange<M>, differences: Differences<M>): void {
    switch (change.type) {
      case "published":
      case "facetsExpired":
        return this.#set(change.snapshot, differences);
      case "expired":
      case "withdrawn":
        return this.#delete(change.previous, differences);
      case "hidden":
        return this.#delete(change.key, differences);
    }
  }

  #set(snapshot: PresenceSnapshot<M>, differences: Differences<M>): void {
    let there = this.#contexts.get(snapshot.context);
    if (there === undefined) {
      there = new ViewedContext();
      this.#contexts.set(snapshot.context, there);
    }
    const former = there.get(snapshot);
    const wasHere = there.hasSubject(snapshot.subject);
    differences.note(snapshot, wasHere, former, snapshot);
    there.set(snapshot);
    this.#changed(snapshot.subject);
  }

  #delete(key: EntryKey<M>, differences: Differences<M>): void {
    const there = this.#contexts.get(key.context);
    const former = there?.get(key);
    if (there === undefined || former === undefined) return;
    differences.note(key, true, former, undefined);
    there.delete(former);
    if (there.size === 0) this.#contexts.delete(key.context);
    this.#changed(key.subject);
  }

  #changed(subject: M["subject"]): void {
    this.#all = undefined;
    this.#bySubject.delete(subject);
  }

  /** Makes the mirror hold some snapshots and nothing else. */
  #replace(
    snapshots: readonly PresenceSnapshot<M>[],
    differences: Differences<M>,
  ): void {
    const former = new Set(this.snapshots());
    for (const snapshot of snapshots) {
      const known = this.#contexts.get(snapshot.context)?.get(snapshot);
      if (known !== undefined) former.delete(known);
      // What came over a wire is another object each time.
      if (!equalValues(known, snapshot)) this.#set(snapshot, differences);
    }
    for (const snapshot of former) this.#delete(snapshot, differences);
  }

  #events(differences: Differences<M>): PresenceViewEvent<M>[] {
    const events: PresenceViewEvent<M>[] = [];
    for (const { subject, context, wasHere, entries } of differences.all()) {
      const isHere = this.#contexts.get(context)?.hasSubject(subject) ?? false;
      const type = !wasHere ? "joined" : isHere ? "updated" : "left";
      events.push({ type, subject, context, entries });
    }
    return events;
  }
}

const NONE: readonly never[] = [];

/** What differs from before a batch, entry by entry and subject by subject. */
class Differences<M extends PresenceModel> {
  readonly #entries = new EntryMap<M, EntryDifference<M>>();
  /** Whether each subject was there, by context. */
  readonly #subjects = new Map<Key, Map<Key, boolean>>();

  /** Notes that an entry is about to change from one snapshot to another. */
  note(
    key: EntryKey<M>,
    wasHere: boolean,
    previous: PresenceSnapshot<M> | undefined,
    snapshot: PresenceSnapshot<M> | undefined,
  ): void {
    const subjects = this.#subjects.get(key.context) ?? new Map();
    this.#subjects.set(key.context, subjects);
    if (!subjects.has(key.subject)) subjects.set(key.subject, wasHere);
    const first = this.#entries.get(key) ?? { previous };
    this.#entries.set(key, { ...first, snapshot });
  }

  /** Yields the subjects of which entries differ. */
  *all(): Generator<{
    readonly subject: M["subject"];
    readonly context: M["context"];
    readonly wasHere: boolean;
    readonly entries: readonly EntryDifference<M>[];
  }, void> {
    for (const [context, subjects] of this.#subjects) {
      for (const [subject, wasHere] of subjects) {
        const entries = this.#entries.of(subject, context)
          .filter(({ previous, snapshot }) => !equalValues(previous, snapshot));
        if (entries.length > 0) yield { subject, context, wasHere, entries };
      }
    }
  }
}
