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
} from "../../store/mod.ts";
import type { BaselineBatch, ChangesBatch } from "./batch.ts";
import { EntryMap } from "../entry_map.ts";
import { ViewedContext } from "./viewed_context.ts";

/** How a batch changed one entry. */
export interface EntryDifference<M extends PresenceModel = PresenceModel> {
  /** The entry before the batch; `undefined` if there was none. */
  readonly previous: PresenceSnapshot<M> | undefined;
  /** The entry after the batch; `undefined` if there is none. */
  readonly snapshot: PresenceSnapshot<M> | undefined;
}

/** What a view needs of a change: the entry as it is now, or that it is gone. */
export type ViewChange<M extends PresenceModel = PresenceModel> =
  | {
    readonly type: "published" | "facetsExpired";
    readonly snapshot: PresenceSnapshot<M>;
  }
  | {
    readonly type: "expired" | "withdrawn";
    readonly previous: EntryKey<M>;
  }
  | { readonly type: "hidden"; readonly key: EntryKey<M> };

/** What a view needs of a batch: every `PresenceBatch` has it. */
export type ViewBatch<M extends PresenceModel = PresenceModel> =
  | BaselineBatch<M>
  | (Omit<ChangesBatch<M>, "changes"> & {
    /** The changes, in order. */
    readonly changes: readonly ViewChange<M>[];
  });

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
  apply(batch: ViewBatch<M>): PresenceViewEvent<M>[] {
    let steps: Step<M>[];
    if (batch.type === "changes") {
      steps = batch.changes.map((change) => this.#change(change))
        .filter((step) => step !== undefined);
    } else {
      if (batch.part === 0) this.#arriving = [];
      for (const snapshot of batch.snapshots) this.#arriving.push(snapshot);
      if (!batch.last) return [];
      steps = this.#replace(this.#arriving);
      this.#arriving = [];
    }
    this.#position = batch.position;
    return this.#events(steps);
  }

  /**
   * Returns an entry. O(1).
   *
   * @param key The key of the entry.
   * @returns The snapshot, the same object until it changes; `undefined` if
   * there is no such entry.
   */
  snapshot(key: EntryKey<M>): PresenceSnapshot<M> | undefined {
    return this.#contexts.get(key.context)?.get(key);
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

  #change(change: ViewChange<M>): Step<M> | undefined {
    switch (change.type) {
      case "published":
      case "facetsExpired":
        return this.#set(change.snapshot);
      case "expired":
      case "withdrawn":
        return this.#delete(change.previous);
      case "hidden":
        return this.#delete(change.key);
    }
  }

  #set(snapshot: PresenceSnapshot<M>): Step<M> {
    let there = this.#contexts.get(snapshot.context);
    if (there === undefined) {
      there = new ViewedContext();
      this.#contexts.set(snapshot.context, there);
    }
    const previous = there.get(snapshot);
    const wasHere = there.hasSubject(snapshot.subject);
    there.set(snapshot);
    this.#changed(snapshot.subject);
    return { key: snapshot, wasHere, previous, snapshot };
  }

  #delete(key: EntryKey<M>): Step<M> | undefined {
    const there = this.#contexts.get(key.context);
    const previous = there?.get(key);
    if (there === undefined || previous === undefined) return undefined;
    there.delete(previous);
    if (there.size === 0) this.#contexts.delete(key.context);
    this.#changed(key.subject);
    return { key: previous, wasHere: true, previous, snapshot: undefined };
  }

  #changed(subject: M["subject"]): void {
    this.#all = undefined;
    this.#bySubject.delete(subject);
  }

  /** Replaces the content of the mirror. */
  #replace(snapshots: readonly PresenceSnapshot<M>[]): Step<M>[] {
    const steps: Step<M>[] = [];
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
      if (!equalValues(previous, snapshot)) steps.push(this.#set(snapshot));
    }
    for (const snapshot of [...former, ...known.slice(place)]) {
      const step = this.#delete(snapshot);
      if (step !== undefined) steps.push(step);
    }
    return steps;
  }

  #events(steps: readonly Step<M>[]): PresenceViewEvent<M>[] {
    const events: PresenceViewEvent<M>[] = [];
    for (const { subject, context, wasHere, entries } of sumUp(steps)) {
      const isHere = this.#contexts.get(context)?.hasSubject(subject) ?? false;
      const type = !wasHere ? "joined" : isHere ? "updated" : "left";
      events.push({ type, subject, context, entries });
    }
    return events;
  }
}

const NONE: readonly never[] = [];

/** How one change of a batch has changed an entry. */
interface Step<M extends PresenceModel> extends EntryDifference<M> {
  readonly key: EntryKey<M>;
  /** Whether its subject was there before. */
  readonly wasHere: boolean;
}

/** How a batch has changed the entries of a subject in a context. */
interface SubjectDifference<M extends PresenceModel> {
  readonly subject: M["subject"];
  readonly context: M["context"];
  /** Whether it was there before the batch. */
  readonly wasHere: boolean;
  readonly entries: readonly EntryDifference<M>[];
}

/** Sums up the steps of a batch, by subjects whose entries differ. */
function sumUp<M extends PresenceModel>(
  steps: readonly Step<M>[],
): SubjectDifference<M>[] {
  const [only] = steps;
  // Most batches are of one change, and need none of the maps.
  if (only !== undefined && steps.length === 1) {
    const { key: { subject, context }, wasHere, previous, snapshot } = only;
    return equalValues(previous, snapshot)
      ? []
      : [{ subject, context, wasHere, entries: [{ previous, snapshot }] }];
  }
  const entries = new EntryMap<M, EntryDifference<M>>();
  /** For each context, whether a subject was there before the batch. */
  const subjects = new Map<Key, Map<Key, boolean>>();
  for (const { key, wasHere, previous, snapshot } of steps) {
    const there = subjects.get(key.context) ?? new Map();
    subjects.set(key.context, there);
    if (!there.has(key.subject)) there.set(key.subject, wasHere);
    const first = entries.get(key) ?? { previous };
    entries.set(key, { ...first, snapshot });
  }
  return [...subjects].flatMap(([context, there]) =>
    [...there].map(([subject, wasHere]) => ({
      subject,
      context,
      wasHere,
      entries: entries.of(subject, context)
        .filter(({ previous, snapshot }) => !equalValues(previous, snapshot)),
    }))
  ).filter(({ entries }) => entries.length > 0);
}
