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
import { decodeKey, encodeRow, type FacetsLast, rowId } from "./row_codec.ts";

/** The entries that this node's server has received, as rows. */
export class OwnEntries<M extends PresenceModel> {
  readonly #server: PresenceServer<M>;
  readonly #replication: Replication<M>;
  readonly #onError: (error: unknown) => void;

  /** Makes one for a server. */
  constructor(
    server: PresenceServer<M>,
    replication: Replication<M>,
    onError: (error: unknown) => void,
  ) {
    this.#server = server;
    this.#replication = replication;
    this.#onError = onError;
  }

  /** The rows of a context as they should be. O(answer). */
  rows(context: M["context"]): OwnRow[] {
    const { steadyNow } = this.#server;
    return this.#replication.own(context).flatMap((snapshot) => {
      const value = this.#encode(snapshot);
      if (value === undefined) return [];
      const left = this.#lasts(snapshot, steadyNow);
      const heardAt = this.#replication.heardAt(snapshot) ?? steadyNow;
      return { id: rowId(snapshot), value, left, heardAt };
    });
  }

  /**
   * When the publisher of an entry was last heard from; `undefined` if it is no
   * own entry.
   */
  heardAt(context: string, id: string): Timestamp | undefined {
    const key = decodeKey<M>(context, id);
    return key && this.#replication.heardAt(key);
  }

  /** What a pending write says by now; `undefined` if it is needless. O(1). */
  dated(write: PendingWrite): RowWrite | undefined {
    const { type, context, id } = write;
    if (type === "retract") return { type, context, id };
    if (type === "withdraw") {
      return { type, context, id, age: this.#age(write.at) };
    }
    const key = decodeKey<M>(context, id);
    if (key === undefined) return undefined;
    const snapshot = this.#server.store.snapshot(key);
    const heardAt = this.#replication.heardAt(key);
    if (snapshot === undefined || heardAt === undefined) return undefined;
    const value = this.#encode(snapshot, this.#lasts(key, heardAt));
    if (value === undefined) return undefined;
    return { type, context, id, value, age: this.#age(heardAt) };
  }

  #age(at: Timestamp): Duration {
    return Math.max(0, this.#server.steadyNow - at);
  }

  /** How long the facets of an own entry last that have deadlines. */
  #lasts(key: EntryKey<M>, since: Timestamp): FacetsLast {
    const { facetDeadlines } = this.#server.store.liveness(key) ?? {};
    return Array.from(
      facetDeadlines ?? [],
      ([name, deadline]) => [name, deadline - since] as const,
    );
  }

  /** What JSON can't say is not shared. */
  #encode(
    snapshot: PresenceSnapshot<M>,
    lasts?: FacetsLast,
  ): string | undefined {
    try {
      return encodeRow(snapshot, lasts);
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }
}
