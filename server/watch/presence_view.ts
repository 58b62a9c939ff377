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

/** How a batch changed one entry. */
export interface EntryDifference<M extends PresenceModel = PresenceModel> {
  /** The entry before the batch; `undefined` if there was none. */
  readonly previous: PresenceSnapshot<M> | undefined;
  /** The entry after the batch; `undefined` if there is none. */
  readonly snapshot: PresenceSnapshot<M> | undefined;
}

/** What a batch means for a subject in a context. */
export interface PresenceViewEvent<M extends PresenceModel = PresenceModel> {
  /**
   * `joined` if the subject had no entry before the batch, `left` if it has
   * none after it, otherwise `updated`.
   */
  readonly type: "joined" | "updated" | "left";
  /** The subject. */
  readonly subject: M["subject"];
  /** The context. */
  readonly context: M["context"];
  /** The entries that changed. */
  readonly entries: readonly EntryDifference<M>[];
}

/**
 * A mirror of the entries that a watch may see. It applies batches and returns
 * who joined, was updated and left. A read returns the same object until a
 * batch changes its content, as React's `useSyncExternalStore` requires.
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
  /** The cached reads across contexts: of all subjects, and of some. */
  #all: readonly PresenceSnapshot<M>[] | undefined;
  readonly #bySubject = new Map<Key, readonly PresenceSnapshot<M>[]>();
  #arriving: PresenceSnapshot<M>[] = [];
  #position: CursorPosition | undefined;

  /** The position of the mirror; `undefined` before the first baseline. */
  get position(): CursorPosition | undefined {
    return this.#position;
  }

  /**
   * Applies a batch. A baseline takes effect with its last part. O(batch), and
   * for a baseline also O(size of the mirror).
   *
   * @param batch The next batch of one watch.
   * @returns What the batch means: one event per subject and context.
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
   * Lists the entries that match a query. O(answer); for a subject without a
   * context, O(contexts); repeated without a change, O(1).
   *
   * @param query The context, the subject, or both. An empty query matches all.
   * @returns The snapshots in no particular order. It is the same list until
   * its content changes.
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
   * Lists the subjects of a context. O(answer); repeated without a subject that
   * joins or leaves, O(1).
   *
   * @param context The context.
   * @returns The subjects in the order they joined. It is the same list until
   * its content changes.
   */
  subjects(context: M["context"]): readonly M["subject"][] {
    return this.#contexts.get(context)?.subjects() ?? NONE;
  }

  /**
   * Summarizes a subject in a context. O(the subject's entries there); repeated
   * without a change of them, O(1).
   *
   * @param subject The subject.
   * @param context The context.
   * @param projection The ranks. Pass the same object for the same ranks.
   * @returns The summary, or `undefined` if the subject is not there. It is the
   * same object until its content changes.
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

  /** Replaces the content of the mirror. */
  #replace(
    snapshots: readonly PresenceSnapshot<M>[],
    differences: Differences<M>,
  ): void {
    const known = this.snapshots();
    const former = new Set<PresenceSnapshot<M>>();
    let place = 0;
    for (const snapshot of snapshots) {
      // In this process most are the same objects in the same order, and need no
      // look-up.
      if (snapshot === known[place]) {
        place++;
        continue;
      }
      const previous = this.#contexts.get(snapshot.context)?.get(snapshot);
      if (previous !== undefined && !former.delete(previous)) {
        const found = known.indexOf(previous, place);
        while (place < found) former.add(known[place++]!);
        if (place === found) place++;
      }
      // A snapshot that came over a wire is a new object each time.
      if (!equalValues(previous, snapshot)) this.#set(snapshot, differences);
    }
    for (const snapshot of former) this.#delete(snapshot, differences);
    for (const snapshot of known.slice(place)) {
      this.#delete(snapshot, differences);
    }
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

/** How a subject's entries in a context differ. */
interface SubjectDifference<M extends PresenceModel> {
  readonly subject: M["subject"];
  readonly context: M["context"];
  /** Whether it was there before the batch. */
  readonly wasHere: boolean;
  readonly entries: readonly EntryDifference<M>[];
}

/** What a batch has changed. */
class Differences<M extends PresenceModel> {
  readonly #steps: {
    readonly key: EntryKey<M>;
    readonly wasHere: boolean;
    readonly entry: EntryDifference<M>;
  }[] = [];

  /** Records that an entry is about to change from one snapshot to another. */
  note(
    key: EntryKey<M>,
    wasHere: boolean,
    previous: PresenceSnapshot<M> | undefined,
    snapshot: PresenceSnapshot<M> | undefined,
  ): void {
    this.#steps.push({ key, wasHere, entry: { previous, snapshot } });
  }

  /** Lists the subjects whose entries differ. */
  all(): SubjectDifference<M>[] {
    const [only] = this.#steps;
    // Most batches are of one change, and need no maps.
    if (only === undefined || this.#steps.length > 1) return this.#sumUp();
    const { key: { subject, context }, wasHere, entry } = only;
    return isOther(entry)
      ? [{ subject, context, wasHere, entries: [entry] }]
      : [];
  }

  #sumUp(): SubjectDifference<M>[] {
    const entries = new EntryMap<M, EntryDifference<M>>();
    /** For each context, whether a subject was there before the batch. */
    const subjects = new Map<Key, Map<Key, boolean>>();
    for (const { key, wasHere, entry } of this.#steps) {
      const there = subjects.get(key.context) ?? new Map();
      subjects.set(key.context, there);
      if (!there.has(key.subject)) there.set(key.subject, wasHere);
      const { previous } = entries.get(key) ?? entry;
      entries.set(key, { previous, snapshot: entry.snapshot });
    }
    const all: SubjectDifference<M>[] = [];
    for (const [context, there] of subjects) {
      for (const [subject, wasHere] of there) {
        const others = entries.of(subject, context).filter(isOther);
        if (others.length === 0) continue;
        all.push({ subject, context, wasHere, entries: others });
      }
    }
    return all;
  }
}

function isOther<M extends PresenceModel>(
  { previous, snapshot }: EntryDifference<M>,
): boolean {
  return !equalValues(previous, snapshot);
}
