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
}

/** What to do after a reading. */
export interface Repair {
  /** Rows of other nodes to show. */
  readonly shown: readonly KnownRow[];
  /** Rows of other nodes that are gone. */
  readonly gone: readonly string[];
  /** Own entries to write again: their rows are missing, or differ. */
  readonly missing: readonly OwnRow[];
  /** Own rows to remove: their entries are gone. */
  readonly surplus: readonly string[];
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
  #leases = new Map<string, Lease | undefined>();

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
    this.#leases = new Map(
      Array.from(this.rows.values(), ({ node }) => [node, leaseOf(node)]),
    );
  }

  /** Ends a reading; returns the changes that arrived meanwhile. */
  end(): readonly Received[] {
    this.isReading = false;
    const arrived = this.#arrived;
    this.#arrived = [];
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
   * Applies the answer to a reading.
   *
   * @param read The rows. Those of ended lives do not count.
   * @param ownRows The rows that this node should have.
   */
  read(
    { memory, revision, rows }: Read,
    ownRows: readonly OwnRow[],
    { node, now, lives, leaseOf, pending }: Surroundings,
  ): Repair {
    const isLoss = memory === this.memory && revision < this.revision;
    const former = new Map(this.rows);
    const held = new Map(this.held);
    this.memory = memory;
    this.revision = revision;
    this.rows.clear();
    this.held.clear();
    for (const row of rows) if (lives(row)) this.rows.set(row.id, row);
    for (const [id, write] of this.#written) {
      const isLater = write.memory === memory && write.revision > revision;
      // A node that has another name since would show its own row.
      const counts = write.row === undefined || lives(write.row);
      if (isLater && counts) this.#set(id, write.row);
      else this.#written.delete(id);
    }
    // A reading can't tell a goodbye from a loss.
    const leftAt = new Map<string, Timestamp>();
    for (const { id, at, row, memory } of this.#arrived) {
      if (memory !== this.memory || row !== undefined) continue;
      // A retraction that follows a goodbye does not undo it.
      leftAt.set(id, Math.max(at, leftAt.get(id) ?? -Infinity));
    }
    const hasLeft = ({ id, heardAt }: OwnRow) =>
      !this.rows.has(id) && pending(id) === undefined &&
      heardAt <= (leftAt.get(id) ?? -Infinity);
    const own = new Map(
      ownRows.filter((row) => !hasLeft(row)).map((row) => [row.id, row]),
    );
    // Own writes that wait or were just done count.
    const isOurs = (id: string) =>
      pending(id) !== undefined || this.#written.has(id);
    // A retraction leaves the rows of other nodes alone.
    const isKept = (id: string) => isOurs(id) && pending(id) !== "retract";
    const shown: KnownRow[] = [];
    for (const row of this.rows.values()) {
      const { id } = row;
      if (row.node === node) continue;
      if (isKept(id)) continue;
      if ((own.get(id)?.heardAt ?? -Infinity) > row.heardAt) continue;
      own.delete(id);
      shown.push(row);
    }
    const gone = ownRows.filter(hasLeft).map(({ id }) => id);
    for (const [id, row] of former) {
      if (row.node === node || own.has(id) || isKept(id)) continue;
      // A former own row does not replace that of another node.
      if ((this.rows.get(id)?.node ?? node) !== node) continue;
      const lease = leaseOf(row.node) && this.#leases.get(row.node);
      const hold = isLoss && lease ? heldBy(lease) : held.get(id);
      // A life that has announced all its rows writes none of them again.
      const isAwaited = lease !== undefined &&
        (lease.announced !== memory ||
          lease.epoch === hold?.epoch && lease.count < hold.count);
      if (!isAwaited) gone.push(id);
      else {
        this.rows.set(id, row);
        this.held.set(id, hold ?? { epoch: lease.epoch, count: 0 });
      }
    }
    const surplus = [...this.rows.values()]
      .filter((row) => row.node === node && !own.has(row.id) && !isOurs(row.id))
      .map(({ id }) => id);
    const missing = [...own.values()].filter(({ id, value, left }) => {
      if (isOurs(id)) return false;
      const row = this.rows.get(id);
      return row?.node !== node ||
        !saysTheSame(row.value, now - row.heardAt, value, left);
    });
    return { shown, gone, missing, surplus };
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
    return this.rows.get(id)?.epoch === row?.epoch;
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
  readonly rows: readonly KnownRow[];
}

function heldBy({ epoch, count }: Lease): Held {
  return { epoch, count: count + HELD_RENEWALS };
}
