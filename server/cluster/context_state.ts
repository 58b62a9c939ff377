import type { Timestamp } from "../../core/mod.ts";
import type {
  ContextRows,
  Lease,
  NodeLife,
  Row,
  RowChange,
} from "./backbone.ts";
import type { PendingWrite } from "./outbox.ts";
import { type FacetsLast, saysTheSame } from "./row_codec.ts";

/**
 * For how many renewals to hold a missing row that its owner may write again. At
 * the first one the owner may not have noticed, at the second one it may be
 * writing.
 */
const HELD_RENEWALS = 2;

/** A row as a node knows it. */
export interface KnownRow extends Omit<Row, "age"> {
  /** When its owner last heard from its publisher, by this node's clock. */
  readonly heardAt: Timestamp;
}

/** An entry of this node's server, as its row should be. */
export interface OwnRow {
  /** Identifies the entry within its context. */
  readonly id: string;
  /** The row's value, without how long its facets last. */
  readonly value: string;
  /** How long its facets last from now. */
  readonly left: FacetsLast;
  /** When this node last heard from its publisher. */
  readonly heardAt: Timestamp;
}

/** What a context is judged by. */
export interface Surroundings {
  /** The name of this node. */
  readonly node: string;
  /** The current time by this node's clock. */
  readonly now: Timestamp;
  /** Reports whether a life, also this node's own one, is current. */
  readonly lives: (life: NodeLife) => boolean;
  /** Returns the latest lease of another node. */
  readonly leaseOf: (node: string) => Lease | undefined;
  /** Returns the write of a row that waits or is in progress. */
  readonly pending: (id: string) => PendingWrite["type"] | undefined;
  /** Returns an own entry; `undefined` if there is none. */
  readonly own: (id: string) => OwnRow | undefined;
}

/** What to do after a reading, or after a part of it. */
export interface Repair {
  /** Rows of other nodes to show. */
  readonly shown: KnownRow[];
  /** Rows of other nodes that are gone. */
  readonly gone: string[];
  /** Own entries to write again: their rows are missing, or differ. */
  readonly missing: OwnRow[];
  /** Own rows to remove: their entries are gone. */
  readonly surplus: string[];
}

/** A write by this node whose change it has not received. */
interface OwnWrite {
  readonly memory: string;
  readonly revision: number;
  readonly row: KnownRow | undefined;
}

/** Until which renewal a missing row is held. */
interface Held {
  /** The life that may write it again: the next one counts from 1. */
  readonly epoch: string;
  readonly count: number;
}

/**
 * The state of one followed context: a value that only its methods change,
 * without a clock, a timer or a connection.
 */
export class ContextState {
  /** The rows that count, by id. */
  readonly rows: Map<string, KnownRow> = new Map();
  /** Those rows that the backbone lacks. */
  readonly held: Map<string, Held> = new Map();
  /** The ids of the entries that this node owns. */
  readonly own: Set<string> = new Set();
  /** The memory of the backbone at the last reading; "" before the first one. */
  memory = "";
  /** The revision of the last change that the rows include. */
  revision = 0;
  /** Whether the context must be read again. */
  isDoubtful = true;
  /** Whether it is being read. */
  isReading = false;
  /** Own writes whose changes have not arrived. */
  readonly #written = new Map<string, OwnWrite>();
  /** Changes that arrived during the present reading. */
  #arrived: Received[] = [];
  /** The leases when the reading began: its answer reflects no later ones. */
  readonly #leases = new Map<string, Lease | undefined>();

  /** How many changes of own writes have not arrived. */
  get unheard(): number {
    return this.#written.size;
  }

  /** Reports whether a row of a node is held. O(held rows). */
  holds(node: string): boolean {
    for (const id of this.held.keys()) {
      if (this.rows.get(id)?.node === node) return true;
    }
    return false;
  }

  /**
   * Begins a reading. Its answer includes every write that is done now, or the
   * backbone has lost that write.
   */
  begin({ leaseOf }: Surroundings): void {
    this.isDoubtful = false;
    this.isReading = true;
    this.#written.clear();
    this.#arrived = [];
    this.#leases.clear();
    for (const { node } of this.rows.values()) {
      if (!this.#leases.has(node)) this.#leases.set(node, leaseOf(node));
    }
  }

  /** Ends a reading; returns the changes that arrived meanwhile. */
  end(): readonly Received[] {
    this.isReading = false;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const [id, { memory, revision, row }] of this.#written) {
      if (memory === this.memory && revision > this.revision) continue;
      // Its outcome may have come after the row was judged.
      this.#written.delete(id);
      if (this.rows.get(id)?.epoch !== row?.epoch) this.isDoubtful = true;
    }
    return arrived;
  }

  /**
   * Applies a change.
   *
   * @returns Whether the row is to be shown again. The context may have become
   * doubtful.
   */
  receive(received: Received, { lives, leaseOf }: Surroundings): boolean {
    if (this.isReading) {
      this.#arrived.push(received);
      return false;
    }
    const { memory, revision, previous = 0, id, row } = received;
    if (this.isDoubtful || memory !== this.memory) return this.#doubt();
    if (revision <= this.revision) return false;
    if (previous > this.revision) return this.#doubt();
    this.revision = revision;
    // A later own write counts.
    if ((this.#written.get(id)?.revision ?? 0) > revision) return false;
    this.#written.delete(id);
    if (row !== undefined && !lives(row)) {
      // This is a new life, or an ended one that wrote too late. Then the owner
      // of the former row writes it again.
      const former = this.rows.get(id);
      const lease = former && leaseOf(former.node);
      if (lease !== undefined) this.held.set(id, heldBy(lease));
      return this.#doubt();
    }
    this.#set(id, row);
    return true;
  }

  /**
   * Applies the answer to a reading, some rows at a time. Each row is judged by
   * what has happened until then. Rows are shown before others are gone.
   *
   * @param read The rows. Those of ended lives do not count.
   * @param size After how many rows to return what to do so far.
   */
  *read(
    read: Read,
    surroundings: Surroundings,
    size: number,
  ): Generator<Repair, Repair> {
    let repair: Repair = { shown: [], gone: [], missing: [], surplus: [] };
    let judged = 0;
    for (const judge of this.#judgements(read, surroundings)) {
      judge(repair);
      if (++judged % size > 0) continue;
      yield repair;
      repair = { shown: [], gone: [], missing: [], surplus: [] };
    }
    return repair;
  }

  *#judgements(
    { memory, revision, rows }: Read,
    around: Surroundings,
  ): Generator<(repair: Repair) => void> {
    const { lives, leaseOf, pending } = around;
    const isLoss = memory === this.memory && revision < this.revision;
    this.memory = memory;
    this.revision = revision;
    // A reading can't tell a goodbye from a loss.
    const leftAt = new Map<string, Timestamp>();
    for (const { id, at, row, memory } of this.#arrived) {
      if (memory !== this.memory || row !== undefined) continue;
      // A retraction that follows a goodbye does not undo it.
      leftAt.set(id, Math.max(at, leftAt.get(id) ?? -Infinity));
    }
    // A retraction leaves the rows of other nodes alone.
    const isKept = (id: string) => (pending(id) ?? "retract") !== "retract";
    const read = new Map<string, KnownRow>();

    for (const row of rows) {
      yield ({ shown }) => {
        const { id } = row;
        if (!lives(row)) return;
        read.set(id, row);
        if (row.node === around.node || this.#wroteLater(id, lives)) return;
        this.#set(id, row);
        const own = this.own.has(id) ? around.own(id) : undefined;
        if (isKept(id) || own && own.heardAt > row.heardAt) return;
        this.own.delete(id);
        shown.push(row);
      };
    }

    const others = function* (known: Iterable<string>) {
      for (const [id, { node }] of read) if (node === around.node) yield id;
      for (const id of known) if (!read.has(id)) yield id;
    };
    for (const id of others(this.rows.keys())) {
      yield ({ gone, surplus }) => {
        if (this.#wroteLater(id, lives)) return;
        const row = read.get(id);
        const former = this.rows.get(id);
        const isOthers = former !== undefined && former.node !== around.node &&
          !this.own.has(id) && !isKept(id);
        const lease = isOthers && leaseOf(former.node) &&
          this.#leases.get(former.node);
        const hold = isLoss && lease ? heldBy(lease) : this.held.get(id);
        // A life that has announced all its rows writes none of them again.
        const isAwaited = lease &&
          (lease.announced !== memory ||
            lease.epoch === hold?.epoch && lease.count < hold.count);
        if (isAwaited) {
          this.held.set(id, hold ?? { epoch: lease.epoch, count: 0 });
          return;
        }
        this.#set(id, row);
        if (isOthers) gone.push(id);
        const isSurplus = row && !this.own.has(id) && !pending(id);
        if (isSurplus) surplus.push(id);
      };
    }

    for (const id of this.own) {
      yield ({ gone, missing }) => {
        const own = pending(id) ? undefined : around.own(id);
        if (own === undefined || this.#wroteLater(id, lives)) return;
        const row = this.rows.get(id);
        if (!row && own.heardAt <= (leftAt.get(id) ?? -Infinity)) {
          this.own.delete(id);
          gone.push(id);
          return;
        }
        const { node, now } = around;
        const isSame = row?.node === node &&
          saysTheSame(row.value, now - row.heardAt, own.value, own.left);
        if (!isSame) missing.push(own);
      };
    }
  }

  /**
   * Applies the outcome of an own write.
   *
   * @param row The row that was put; `undefined` if it was removed.
   * @returns Whether the row is as the write has left it.
   */
  wrote(
    id: string,
    row: KnownRow | undefined,
    memory: string,
    revision: number,
  ): boolean {
    const isUnheard = memory !== this.memory || revision > this.revision;
    if (isUnheard || this.isReading) {
      this.#written.set(id, { memory, revision, row });
    }
    if (this.isDoubtful || memory !== this.memory) return true;
    if (isUnheard) this.#set(id, row);
    // A reading in progress may have yet to judge it.
    return this.isReading || this.rows.get(id)?.epoch === row?.epoch;
  }

  /**
   * Applies the outcome of an own retraction, which removes no row of another
   * node.
   *
   * @param node The node that has retracted.
   * @returns Whether the rows are as they should be. If another node's row is
   * known that is not later, the backbone has lost it.
   */
  retracted(
    id: string,
    node: string,
    memory: string,
    revision: number,
  ): boolean {
    const { node: owner = node } = this.rows.get(id) ?? {};
    return owner === node
      ? this.wrote(id, undefined, memory, revision)
      : revision <= this.revision;
  }

  /** Removes the rows of a life; returns their ids. */
  drop({ node, epoch }: NodeLife): string[] {
    const dropped = [...this.rows.values()]
      .filter((row) => row.node === node && row.epoch === epoch)
      .map(({ id }) => id);
    for (const id of dropped) this.#set(id, undefined);
    return dropped;
  }

  /** Forgets all rows. */
  forget(): void {
    this.memory = "";
    this.isDoubtful = true;
    this.rows.clear();
    this.held.clear();
  }

  #doubt(): false {
    this.isDoubtful = true;
    return false;
  }

  /**
   * Reports whether this node has written a row after the present reading. A node
   * that has another name since would show its own row.
   */
  #wroteLater(id: string, lives: Surroundings["lives"]): boolean {
    const write = this.#written.get(id);
    if (write === undefined) return false;
    const { memory, revision, row } = write;
    const isLater = memory === this.memory && revision > this.revision &&
      (row === undefined || lives(row));
    if (isLater) this.#set(id, row);
    else this.#written.delete(id);
    return isLater;
  }

  #set(id: string, row: KnownRow | undefined): void {
    this.held.delete(id);
    if (row === undefined) this.rows.delete(id);
    else this.rows.set(id, row);
  }
}

/** A change as a node receives it. */
export interface Received extends Omit<RowChange, "change" | "context"> {
  /** Identifies the row. */
  readonly id: string;
  /** The row, `undefined` if it is gone. */
  readonly row: KnownRow | undefined;
  /**
   * When its publisher was heard or has left, by this node's clock; `-Infinity`
   * for a retraction.
   */
  readonly at: Timestamp;
}

/** The rows of a context as a node has read them. */
export interface Read extends Omit<ContextRows, "rows"> {
  /** The rows. */
  readonly rows: Iterable<KnownRow>;
}

function heldBy({ epoch, count }: Lease): Held {
  return { epoch, count: count + HELD_RENEWALS };
}
