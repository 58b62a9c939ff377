import {
  type Duration,
  type EntryKey,
  entryKeyOf,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  sameVisibility,
  type Timestamp,
  type Visibility,
} from "../core/mod.ts";
import type { PresenceStore } from "../store/mod.ts";
import { EntryMap } from "./entry_map.ts";

/** The parts of a server that its grace uses. */
export interface GraceHost<M extends PresenceModel> {
  /** The store, which has silent refreshes. */
  readonly store: PresenceStore<M>;
  /** How long entries stay, in milliseconds. */
  readonly graceMs: Duration;
  /** Returns the steady time, by which the store expires entries. */
  readonly clock: () => Timestamp;
  /** Reports whether another server owns an entry. */
  readonly isRemote: (key: EntryKey<M>) => boolean;
}

/** The publisher and the visibility of an entry. */
type Shown<M extends PresenceModel> = Pick<
  PresenceUpdate<M>,
  "subject" | "context" | "origin" | "visibility"
>;

/** An entry that lingers. */
interface Lingering<M extends PresenceModel> {
  readonly key: EntryKey<M>;
  /** When its connection was lost: steady time. */
  readonly since: Timestamp;
}

/**
 * The lingering entries: they have lost their connection, and stay for a grace
 * period in case the subject comes back. See ADR 0002.
 */
export class Grace<M extends PresenceModel> {
  readonly #host: GraceHost<M>;
  readonly #lingering = new EntryMap<M, Lingering<M>>();

  /** Creates a grace without lingering entries. */
  constructor(host: GraceHost<M>) {
    this.#host = host;
  }

  /** How many entries linger. */
  get size(): number {
    return this.#lingering.size;
  }

  /** Reports whether an entry lingers. O(1). */
  has(key: EntryKey<M>): boolean {
    return this.#lingering.has(key);
  }

  /**
   * Starts the grace of an origin's entries. Withdraws an entry at once if
   * another connected origin holds its subject in the context, visible to
   * everyone who could see the entry.
   *
   * @returns How many entries the origin has.
   */
  start(origin: M["origin"]): number {
    const { store, graceMs, isRemote } = this.#host;
    const snapshots = store.snapshots({ origin });
    const elsewhere = new EntryMap<M, readonly Visibility<M["label"]>[]>();
    for (const snapshot of snapshots) {
      // Its owner is the server that knows when the connection is lost.
      if (isRemote(snapshot) || this.has(snapshot)) continue;
      const { subject, context, visibility } = snapshot;
      const subjectKey = { subject, context, origin };
      const others = elsewhere.get(subjectKey) ?? this.#connected(subjectKey);
      elsewhere.set(subjectKey, others);
      const isElsewhere = others.some((other) => covers(other, visibility));
      if (isElsewhere || graceMs === 0) store.withdraw(snapshot);
      else this.#linger(snapshot);
    }
    return snapshots.length;
  }

  /**
   * Ends the grace of an entry: its publisher is back, or it is removed. O(1).
   *
   * @returns How long it lingered, in milliseconds, if it did.
   */
  end(key: EntryKey<M>): Duration | undefined {
    const lingering = this.#lingering.delete(key);
    return lingering && this.#host.clock() - lingering.since;
  }

  /**
   * Withdraws the lingering entries of a subject that is back by another origin.
   * Keeps an entry if somebody who could see it can't see the subject now.
   */
  comeBack({ subject, context, origin, visibility }: Shown<M>): void {
    const { store } = this.#host;
    for (const { key } of this.#lingering.of(subject, context)) {
      const former = store.snapshot(key);
      if (
        former !== undefined && former.origin !== origin &&
        covers(visibility, former.visibility)
      ) store.withdraw(key);
    }
  }

  /**
   * Lists the visibilities of the entries that other connected origins hold of a
   * subject. An entry of another server does not count: its connection may be
   * lost there.
   */
  #connected(
    { subject, context, origin }: EntryKey<M>,
  ): Visibility<M["label"]>[] {
    const { store, isRemote } = this.#host;
    return store.snapshots({ subject, context })
      .filter((other) =>
        other.origin !== origin && !this.has(other) && !isRemote(other)
      )
      .map(({ visibility }) => visibility);
  }

  /** Gives an entry the deadline of the grace by a silent refresh. */
  #linger(snapshot: PresenceSnapshot<M>): void {
    const { store, graceMs, clock } = this.#host;
    const key = entryKeyOf(snapshot);
    const { seenAt, expiry } = store.liveness(key)!;
    const since = clock();
    store.publish({
      ...key,
      visibility: snapshot.visibility,
      // The publisher's own time, or its next update could be stale.
      observedAt: seenAt,
      expiry: Math.min(
        since + graceMs,
        expiry === "never" ? Number.MAX_VALUE : expiry,
      ),
      facets: {},
    });
    this.#lingering.set(key, { key, since });
  }
}

/** Reports whether everyone who could see the former label sees this one. */
function covers(shown: Visibility, former: Visibility): boolean {
  return shown === "public" || sameVisibility(shown, former);
}
