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
  /** Own rows to remove: their entries are gone, or JSON can't express them. */
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
  readonly #around: Surroundings;
  /** What the present reading has found to do. */
  #repair: Repair = nothing();

  /**
   * Makes the state of a context before the first reading.
   *
   * @param around What it is judged by.
   */
  constructor(around: Surroundings) {
    this.#around = around;
  }

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
  begin(): void {
    const { leaseOf } = this.#around;
    this.isDoubtful = false;
    this.isReading = true;
    this.#written.clear();
    this.#arrived = [];
    this.#repair = nothing();
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
  receive(received: Received): boolean {
    const { lives, leaseOf } = this.#around;
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
   * Applies the answer to a reading. It yields before each judgement, which is by
   * what has happened until then; `takeRepair()` returns what to do so far. Rows
   * are shown before others are gone.
   *
   * @param read The rows. Those of ended lives do not count.
   */
  *read({ memory, revision, rows }: Read): Generator<void> {
    const { node, lives } = this.#around;
    const isLoss = memory === this.memory && revision < this.revision;
    this.memory = memory;
    this.revision = revision;
    const leftAt = this.#goodbyes();
    const read = new Set<string>();
    const ours: KnownRow[] = [];
    for (const row of rows) {
      yield;
      if (!lives(row)) continue;
      read.add(row.id);
      if (row.node === node) ours.push(row);
      else this.#show(row);
    }
    for (const row of ours) {
      yield;
      this.#holdOrRemove(row.id, row, isLoss);
    }
    for (const id of this.rows.keys()) {
      if (read.has(id)) continue;
      yield;
      this.#holdOrRemove(id, undefined, isLoss);
    }
    for (const id of this.own) {
      yield;
      this.#writeAgain(id, leftAt.get(id));
    }
  }

  /** Returns what the reading has found to do since the last call. */
  takeRepair(): Repair {
    const repair = this.#repair;
    this.#repair = nothing();
    return repair;
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

  /**
   * Returns when publishers have left since the reading began, by id: its answer
   * can't tell a goodbye from a loss.
   */
  #goodbyes(): ReadonlyMap<string, Timestamp> {
    const leftAt = new Map<string, Timestamp>();
    for (const { id, at, row, memory } of this.#arrived) {
      if (memory !== this.memory || row !== undefined) continue;
      // A retraction that follows a goodbye does not undo it.
      leftAt.set(id, Math.max(at, leftAt.get(id) ?? -Infinity));
    }
    return leftAt;
  }

  /** Shows a row of another node, unless the entry is here. */
  #show(row: KnownRow): void {
    const { id } = row;
    if (this.#wroteLater(id)) return;
    this.#set(id, row);
    const own = this.own.has(id) ? this.#around.own(id) : undefined;
    if (this.#isKept(id) || own && own.heardAt > row.heardAt) return;
    this.own.delete(id);
    this.#repair.shown.push(row);
  }

  /**
   * Holds or removes a known row that the reading lacks, or that an own row
   * replaces.
   */
  #holdOrRemove(id: string, row: KnownRow | undefined, isLoss: boolean): void {
    if (this.#wroteLater(id)) return;
    const { node, leaseOf, pending } = this.#around;
    const former = this.rows.get(id);
    const isOthers = former !== undefined && former.node !== node &&
      !this.own.has(id) && !this.#isKept(id);
    const lease = isOthers && leaseOf(former.node) &&
      this.#leases.get(former.node);
    const hold = isLoss && lease ? heldBy(lease) : this.held.get(id);
    // A life that has announced all its rows writes none of them again.
    const isAwaited = lease &&
      (lease.announced !== this.memory ||
        lease.epoch === hold?.epoch && lease.count < hold.count);
    if (isAwaited) {
      this.held.set(id, hold ?? { epoch: lease.epoch, count: 0 });
      return;
    }
    this.#set(id, row);
    if (isOthers) this.#repair.gone.push(id);
    if (row && !this.own.has(id) && !pending(id)) this.#repair.surplus.push(id);
  }

  /** Writes an own entry again whose row is missing or differs. */
  #writeAgain(id: string, leftAt: Timestamp = -Infinity): void {
    const { node, now, own: ownRow, pending } = this.#around;
    if (pending(id) || this.#wroteLater(id)) return;
    const own = ownRow(id);
    const row = this.rows.get(id);
    if (own === undefined) {
      // JSON can't express the entry any more.
      if (row?.node === node) this.#repair.surplus.push(id);
      return;
    }
    if (!row && own.heardAt <= leftAt) {
      this.own.delete(id);
      this.#repair.gone.push(id);
      return;
    }
    const isSame = row?.node === node &&
      saysTheSame(row.value, now - row.heardAt, own.value, own.left);
    if (!isSame) this.#repair.missing.push(own);
  }

  /** Whether a write waits. A retraction leaves the rows of others alone. */
  #isKept(id: string): boolean {
    return (this.#around.pending(id) ?? "retract") !== "retract";
  }

  #doubt(): false {
    this.isDoubtful = true;
    return false;
  }

  /**
   * Reports whether this node has written a row after the present reading. A node
   * that has another name since would show its own row.
   */
  #wroteLater(id: string): boolean {
    const { lives } = this.#around;
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

function nothing(): Repair {
  return { shown: [], gone: [], missing: [], surplus: [] };
}

function heldBy({ epoch, count }: Lease): Held {
  return { epoch, count: count + HELD_RENEWALS };
}
