import type {
  Duration,
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import type { PresenceServer, Replication } from "../mod.ts";
import type { RowWrite } from "./backbone.ts";
import type { OwnRow } from "./context_state.ts";
import type { PendingWrite } from "./outbox.ts";
import { decodeKey, encodeRow, type FacetsLast } from "./row_codec.ts";

/** What own entries need. */
export interface OwnEntriesHost<M extends PresenceModel> {
  readonly server: PresenceServer<M>;
  readonly replication: Replication<M>;
  /** Reports an entry that can't be shared. */
  failed(error: unknown): void;
}

/** The own entries of a server as rows. */
export class OwnEntries<M extends PresenceModel> {
  readonly #host: OwnEntriesHost<M>;

  /** Makes the rows of a server. */
  constructor(host: OwnEntriesHost<M>) {
    this.#host = host;
  }

  /** Returns the row of an own entry as it should be. O(1). */
  row(context: string, id: string): OwnRow | undefined {
    const entry = this.#entry(context, id);
    if (entry === undefined) return undefined;
    const { snapshot, heardAt } = entry;
    const value = this.#encode(snapshot);
    if (value === undefined) return undefined;
    const left = this.#lasts(snapshot, this.#host.server.steadyNow);
    return { id, value, left, heardAt };
  }

  /**
   * Returns when the publisher of an own entry was last heard from; `undefined`
   * for any other entry.
   */
  heardAt(context: string, id: string): Timestamp | undefined {
    const key = decodeKey<M>(context, id);
    return key && this.#host.replication.heardAt(key);
  }

  /** Returns a pending write as of now; `undefined` if it is needless. O(1). */
  dated(write: PendingWrite): RowWrite | undefined {
    const { type, context, id } = write;
    if (type === "retract") return { type, context, id };
    if (type === "withdraw") {
      return { type, context, id, age: this.#age(write.at) };
    }
    const entry = this.#entry(context, id);
    if (entry === undefined) return undefined;
    const { snapshot, heardAt } = entry;
    const value = this.#encode(snapshot, this.#lasts(snapshot, heardAt));
    if (value === undefined) return undefined;
    return { type, context, id, value, age: this.#age(heardAt) };
  }

  /** Returns an own entry, and when its publisher was last heard from. */
  #entry(context: string, id: string) {
    const key = decodeKey<M>(context, id);
    const heardAt = key && this.#host.replication.heardAt(key);
    const snapshot = key && this.#host.server.store.snapshot(key);
    if (snapshot === undefined || heardAt === undefined) return undefined;
    return { snapshot, heardAt };
  }

  #age(at: Timestamp): Duration {
    return Math.max(0, this.#host.server.steadyNow - at);
  }

  /** Returns how long the facets with deadlines of an own entry last. */
  #lasts(key: EntryKey<M>, since: Timestamp): FacetsLast {
    const { facetDeadlines } = this.#host.server.store.liveness(key) ?? {};
    return Array.from(
      facetDeadlines ?? [],
      ([name, deadline]) => [name, deadline - since] as const,
    );
  }

  /** Encodes an entry; reports one that JSON can't express. */
  #encode(
    snapshot: PresenceSnapshot<M>,
    lasts?: FacetsLast,
  ): string | undefined {
    try {
      return encodeRow(snapshot, lasts);
    } catch (error) {
      this.#host.failed(error);
      return undefined;
    }
  }
}
