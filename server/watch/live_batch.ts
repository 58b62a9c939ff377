import {
  type EntryKey,
  entryKeyOf,
  equalValues,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
} from "../../core/mod.ts";
import { reduce } from "../../store/internal.ts";
import type { VisibleChange } from "../../store/mod.ts";
import type { PresenceBatch } from "./batch.ts";

/** An object without its context, which is the topic. */
type InTopic<T> = Omit<T, "context">;

/** A part of the entries of a context, for a live client. */
export interface LiveState<M extends PresenceModel = PresenceModel> {
  /** Distinguishes a state from changes. */
  readonly type: "state";
  /** The number of this part, from 0. */
  readonly part: number;
  /** Whether this is the last part. */
  readonly last: boolean;
  /** The entries of this part. */
  readonly entries: readonly InTopic<PresenceSnapshot<M>>[];
}

/** What has changed in a context, for a live client. */
export interface LiveChanges<M extends PresenceModel = PresenceModel> {
  /** Distinguishes changes from a state. */
  readonly type: "changes";
  /** The changes, in order. */
  readonly changes: readonly LiveChange<M>[];
}

/**
 * A change of an entry: it is as a snapshot says, or as the client knows it with
 * an update, or it is gone.
 */
export type LiveChange<M extends PresenceModel = PresenceModel> =
  | { readonly set: InTopic<PresenceSnapshot<M>> }
  | { readonly update: InTopic<PresenceUpdate<M>> }
  | { readonly gone: InTopic<EntryKey<M>> };

/** A batch as a live client receives it. */
export type LiveBatch<M extends PresenceModel = PresenceModel> =
  & (LiveState<M> | LiveChanges<M>)
  & {
    /** The name of the server's life. */
    readonly epoch: string;
    /** The last change that is included. */
    readonly sequence: number;
  };

/** Converts a batch of a watch of one context. O(batch). */
export function liveBatchOf<M extends PresenceModel>(
  batch: PresenceBatch<M>,
): LiveBatch<M> {
  const { position } = batch;
  if (batch.type === "changes") {
    const changes = batch.changes.map((change) => liveChangeOf(change));
    return { type: "changes", changes, ...position };
  }
  const { part, last } = batch;
  const entries = batch.snapshots.map((snapshot) => withoutContext(snapshot));
  return { type: "state", part, last, entries, ...position };
}

function liveChangeOf<M extends PresenceModel>(
  change: VisibleChange<M>,
): LiveChange<M> {
  switch (change.type) {
    case "published": {
      const { previous, snapshot, update } = change;
      // A patch of what the client has is much smaller.
      if (previous === undefined) return { set: withoutContext(snapshot) };
      const { facetDeadlines: _, ...rest } = update;
      return { update: withoutContext(rest) };
    }
    case "facetsExpired":
      return { set: withoutContext(change.snapshot) };
    case "hidden":
      return { gone: withoutContext(change.key) };
    default:
      return { gone: withoutContext(entryKeyOf(change.previous)) };
  }
}

/**
 * The entries of a context as a live client knows them.
 *
 * @typeParam M The model.
 */
export class LiveMirror<M extends PresenceModel> {
  readonly #context: M["context"];
  /** The entries of each subject, in the order the subjects joined. */
  readonly #bySubject = new Map<M["subject"], readonly PresenceSnapshot<M>[]>();
  /** The parts of a state that is on its way. */
  #arriving: PresenceSnapshot<M>[] = [];
  /** The entries of a former life of the server, which have yet to return. */
  readonly #held = new Set<PresenceSnapshot<M>>();
  #epoch: string | undefined;

  /** Makes an empty mirror. */
  constructor(context: M["context"]) {
    this.#context = context;
  }

  /** The subjects, in the order they joined. */
  get subjects(): Iterable<M["subject"]> {
    return this.#bySubject.keys();
  }

  /**
   * Returns the entries of a subject.
   *
   * @returns The entries; none if it is not there. It is the same list until one
   * of them changes.
   */
  of(subject: M["subject"]): readonly PresenceSnapshot<M>[] {
    return this.#bySubject.get(subject) ?? NONE;
  }

  /** Whether entries of a former life of the server have yet to return. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Whether a subject has such entries alone. */
  isHeld(subject: M["subject"]): boolean {
    const list = this.of(subject);
    return list.length > 0 && list.every((entry) => this.#held.has(entry));
  }

  /** Removes the entries that have not returned. */
  release(): void {
    for (const entry of this.#held) this.#put(entry);
    this.#held.clear();
  }

  /**
   * Applies the next batch. An entry that stays equal stays the same object.
   * After a restart, the server knows only those who have returned: the others
   * are held until `release()`. O(batch), times the entries of its subjects.
   *
   * @returns Whether the mirror is current: not before the last part of a state.
   * @throws {RangeError} If it updates an entry that is not known: a batch is
   * missing. The next state makes up for it.
   */
  apply(batch: LiveBatch<M>): boolean {
    if (batch.type === "changes") {
      for (const change of batch.changes) this.#change(change);
      return true;
    }
    if (batch.part === 0) this.#arriving = [];
    for (const entry of batch.entries) this.#arriving.push(this.#whole(entry));
    if (batch.last) {
      this.#replace(this.#epoch !== undefined && this.#epoch !== batch.epoch);
      this.#epoch = batch.epoch;
    }
    return batch.last;
  }

  #change(change: LiveChange<M>): void {
    if ("gone" in change) return this.#put(this.#key(change.gone));
    if ("set" in change) {
      const snapshot = this.#whole(change.set);
      return this.#put(snapshot, snapshot);
    }
    const key = this.#key(change.update);
    const former = this.#find(key);
    if (former === undefined) {
      throw new RangeError("Cannot apply update: its entry is not known");
    }
    const { visibility, observedAt, expiry, facets } = change.update;
    const update = { ...key, visibility, observedAt, expiry, facets };
    this.#put(key, reduce(key, former.facets, update));
  }

  /** Sets an entry, or removes it. */
  #put(key: EntryKey<M>, snapshot?: PresenceSnapshot<M>): void {
    const { subject } = key;
    const list = this.of(subject);
    const index = this.#indexOf(key);
    const place = index < 0 ? list.length : index;
    const some = snapshot === undefined ? [] : [snapshot];
    const next = [...list.slice(0, place), ...some, ...list.slice(place + 1)];
    if (next.length > 0) this.#bySubject.set(subject, next);
    else this.#bySubject.delete(subject);
    const former = list[place];
    if (former !== undefined) this.#held.delete(former);
  }

  #find(key: EntryKey<M>): PresenceSnapshot<M> | undefined {
    return this.of(key.subject)[this.#indexOf(key)];
  }

  /** Finds the entry of a key. One that returns has another origin. */
  #indexOf({ subject, resource, origin }: EntryKey<M>): number {
    const list = this.of(subject);
    const exact = list.findIndex((entry) =>
      entry.resource === resource && entry.origin === origin
    );
    return exact >= 0
      ? exact
      : list.findIndex((entry) =>
        entry.resource === resource && this.#held.has(entry)
      );
  }

  #replace(isRestarted: boolean): void {
    const gone = new Set([...this.#bySubject.values()].flat());
    if (isRestarted) { for (const former of gone) this.#held.add(former); }
    for (const snapshot of this.#arriving) {
      const former = this.#find(snapshot);
      if (former !== undefined) gone.delete(former);
      if (!equalValues(former, snapshot)) this.#put(snapshot, snapshot);
      else if (former !== undefined) this.#held.delete(former);
    }
    // Afterwards, so that a subject with another entry never leaves.
    for (const former of gone) {
      const { subject } = former;
      if (!this.#held.has(former)) this.#put(former);
      // Another list, because it is held now.
      else this.#bySubject.set(subject, [...this.of(subject)]);
    }
    this.#arriving = [];
  }

  #whole(entry: InTopic<PresenceSnapshot<M>>): PresenceSnapshot<M> {
    const { visibility, observedAt, expiry, facets } = entry;
    return { ...this.#key(entry), visibility, observedAt, expiry, facets };
  }

  /** JSON has no `undefined`: the resource may be missing. */
  #key(
    { subject, resource, origin }: InTopic<EntryKey<M>>,
  ): EntryKey<M> & Pick<PresenceSnapshot<M>, "resource"> {
    return { subject, context: this.#context, resource, origin };
  }
}

const NONE: readonly never[] = [];

/** Reports whether a payload is a batch. What is in it is not checked. */
export function isLiveBatch<M extends PresenceModel>(
  payload: object,
): payload is LiveBatch<M> {
  return "type" in payload &&
    (payload.type === "state" || payload.type === "changes");
}

function withoutContext<T extends { readonly context: unknown }>(
  { context: _, ...rest }: T,
): InTopic<T> {
  return rest;
}
