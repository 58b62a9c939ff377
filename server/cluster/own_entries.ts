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

/** The own entries of a server as rows. */
export class OwnEntries<M extends PresenceModel> {
  readonly #server: PresenceServer<M>;
  readonly #replication: Replication<M>;
  readonly #onError: (error: unknown) => void;

  /** Makes the rows of a server. */
  constructor(
    server: PresenceServer<M>,
    replication: Replication<M>,
    onError: (error: unknown) => void,
  ) {
    this.#server = server;
    this.#replication = replication;
    this.#onError = onError;
  }

  /** Returns the rows of a context as they should be. O(answer). */
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
   * Returns when the publisher of an own entry was last heard from; `undefined`
   * for any other entry.
   */
  heardAt(context: string, id: string): Timestamp | undefined {
    const key = decodeKey<M>(context, id);
    return key && this.#replication.heardAt(key);
  }

  /** Returns a pending write as of now; `undefined` if it is needless. O(1). */
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

  /** Returns how long the facets with deadlines of an own entry last. */
  #lasts(key: EntryKey<M>, since: Timestamp): FacetsLast {
    const { facetDeadlines } = this.#server.store.liveness(key) ?? {};
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
      this.#onError(error);
      return undefined;
    }
  }
}
