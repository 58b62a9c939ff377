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

/** The server that a grace period belongs to. */
export interface GraceHost<M extends PresenceModel> {
  /** Holds the entries, with silent refreshes. */
  readonly store: PresenceStore<M>;
  /** How long entries stay, in milliseconds. */
  readonly graceMs: Duration;
  /** Tells the steady time, by which the store expires entries. */
  readonly clock: () => Timestamp;
  /** Reports whether another server owns an entry. */
  readonly isRemote: (key: EntryKey<M>) => boolean;
}

/** Who published an entry, and who can see it. */
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
 * The entries that linger: their connection is lost, and they stay for a grace
 * period in case the subject comes back. See ADR 0002.
 */
export class Grace<M extends PresenceModel> {
  readonly #host: GraceHost<M>;
  readonly #lingering = new EntryMap<M, Lingering<M>>();

  /** Makes one without entries. */
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
   * Starts the grace of an origin's entries. Withdraws those whose subject is
   * in the context by another connected origin as well, for everybody who could
   * see them.
   *
   * @returns How many entries the origin has.
   */
  start(origin: M["origin"]): number {
    const { store, graceMs, isRemote } = this.#host;
    const snapshots = store.snapshots({ origin });
    const elsewhere = new EntryMap<M, readonly Visibility<M["label"]>[]>();
    for (const snapshot of snapshots) {
      // The server that the publisher has gone to knows when it is lost there.
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
   * Ends the grace of an entry: its publisher is back, or it is gone. O(1).
   *
   * @returns For how long it lingered, in milliseconds, if it did.
   */
  end(key: EntryKey<M>): Duration | undefined {
    const lingering = this.#lingering.delete(key);
    return lingering && this.#host.clock() - lingering.since;
  }

  /**
   * Withdraws what lingers of a subject that is back by another origin, unless
   * somebody who could see it can't see the subject now.
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
   * The visibilities of what other, connected origins hold of a subject. What
   * is at another server does not count: it may be lost there already.
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

  /** Gives an entry the deadline of the grace, by a silent refresh. */
  #linger(snapshot: PresenceSnapshot<M>): void {
    const { store, graceMs, clock } = this.#host;
    const key = entryKeyOf(snapshot);
    const { seenAt, expiry } = store.liveness(key)!;
    const since = clock();
    store.publish({
      ...key,
      visibility: snapshot.visibility,
      // The publisher's own time stays, or its next update could be stale.
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

/** Reports whether everybody who could see the former label sees this one. */
function covers(shown: Visibility, former: Visibility): boolean {
  return shown === "public" || sameVisibility(shown, former);
}
