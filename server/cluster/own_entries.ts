import type {
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import type { PresenceServer, Replication } from "../mod.ts";
import type { Row, RowWrite } from "./backbone.ts";
import type { Interest } from "./interest.ts";
import type { Outbox, PendingWrite } from "./outbox.ts";
import {
  contextName,
  decodeKey,
  encodeRow,
  type FacetsLast,
  rowId,
} from "./row_codec.ts";

/** Which row an entry is. */
export interface RowKey {
  /** The name of its context. */
  readonly context: string;
  /** Its id there. */
  readonly id: string;
}

/** What an entry is to be shared as. */
export interface OwnRow extends RowKey {
  /** What it says, but for how long its facets last. */
  readonly value: string;
  /** How long they last from now. */
  readonly left: FacetsLast;
}

/** The entries that this node's server has received, as they are to be shared. */
export class OwnEntries<M extends PresenceModel> {
  readonly #server: PresenceServer<M>;
  readonly #replication: () => Replication<M>;
  readonly #interest: Interest;
  readonly #outbox: Outbox;
  readonly #onError: (error: unknown) => void;

  /** Makes one for a server. */
  constructor(
    server: PresenceServer<M>,
    replication: () => Replication<M>,
    interest: Interest,
    outbox: Outbox,
    onError: (error: unknown) => void,
  ) {
    this.#server = server;
    this.#replication = replication;
    this.#interest = interest;
    this.#outbox = outbox;
    this.#onError = onError;
  }

  /** Those of a context, as they are to be shared. O(answer). */
  rows(context: M["context"]): OwnRow[] {
    return this.#replication().own(context).flatMap((snapshot) => {
      const value = this.#encode(snapshot);
      const left = this.#lasts(snapshot, this.#server.steadyNow);
      return value === undefined ? [] : { ...rowKey(snapshot), value, left };
    });
  }

  /** Shares an entry. O(1). */
  put(snapshot: PresenceSnapshot<M>): void {
    this.#share(rowKey(snapshot), snapshot);
  }

  /** Shares an entry as it is by now. O(1). */
  share({ context, id }: RowKey): void {
    const key = decodeKey<M>(context, id);
    if (key !== undefined) this.#share({ context, id }, key);
  }

  /** Shares that an own entry is gone. */
  retract(snapshot: PresenceSnapshot<M>): void {
    const { context, id } = this.#disown(snapshot);
    this.#outbox.add({ type: "retract", context, id });
  }

  /**
   * Takes note that an own entry is gone, which can't be shared now: whoever
   * comes and goes meanwhile leaves nothing behind. If it was shared before,
   * that is found when its context is read again.
   */
  forget(snapshot: PresenceSnapshot<M>): void {
    const { context, id } = this.#disown(snapshot);
    this.#outbox.forget(context, id);
  }

  /** Shares that an entry of another node was withdrawn here. */
  withdraw(snapshot: PresenceSnapshot<M>): void {
    const { context, id } = this.#disown(snapshot);
    this.#outbox.add({
      type: "withdraw",
      context,
      id,
      at: this.#server.steadyNow,
    });
  }

  /**
   * Whether an entry is to be shared in the place of another node's row: its
   * publisher was heard of here since.
   */
  isYounger(context: string, { id, age }: Row): boolean {
    if (!this.#interest.isOwn(context, id)) return false;
    const key = decodeKey<M>(context, id);
    const heardAt = key && this.#heardAt(key);
    return heardAt !== undefined && this.#server.steadyNow - heardAt < age;
  }

  /**
   * Says what a write is by now; `undefined` if there is nothing to be written
   * any more. O(1).
   */
  dated(write: PendingWrite): RowWrite | undefined {
    const { context, id } = write;
    switch (write.type) {
      case "put": {
        const key = decodeKey<M>(context, id);
        return key && this.#datedPut({ context, id }, key);
      }
      case "withdraw": {
        const age = Math.max(0, this.#server.steadyNow - write.at);
        return { type: "withdraw", context, id, age };
      }
      case "retract":
        return write;
    }
  }

  #datedPut(row: RowKey, key: EntryKey<M>): RowWrite | undefined {
    const { store, steadyNow } = this.#server;
    const snapshot = store.snapshot(key);
    const heardAt = this.#heardAt(key);
    if (snapshot === undefined || heardAt === undefined) return undefined;
    const value = this.#encode(snapshot, this.#lasts(key, heardAt));
    if (value === undefined) return undefined;
    return {
      type: "put",
      ...row,
      value,
      age: Math.max(0, steadyNow - heardAt),
    };
  }

  /** How long the facets of an own entry last that go by themselves. */
  #lasts(key: EntryKey<M>, since: Timestamp): FacetsLast {
    const { facetDeadlines } = this.#server.store.liveness(key) ?? {};
    return Array.from(
      facetDeadlines ?? [],
      ([name, deadline]) => [name, deadline - since] as const,
    );
  }

  #share({ context, id }: RowKey, key: EntryKey<M>): void {
    this.#interest.add(context, id);
    const at = this.#heardAt(key) ?? this.#server.steadyNow;
    this.#outbox.add({ type: "put", context, id, at });
  }

  #disown(snapshot: PresenceSnapshot<M>): RowKey {
    const { context, id } = rowKey(snapshot);
    this.#interest.delete(context, id);
    return { context, id };
  }

  /** When the publisher of an own entry was heard of, if it is not just now. */
  #heardAt(key: EntryKey<M>): Timestamp | undefined {
    return this.#replication().heardAt(key);
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

function rowKey(key: EntryKey): RowKey {
  return { context: contextName(key.context), id: rowId(key) };
}
