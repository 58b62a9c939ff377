import type { PresenceModel } from "../../core/mod.ts";
import type {
  BackboneConnection,
  ContextRows,
  NodeLife,
  Row,
  RowChange,
  RowWrite,
} from "./backbone.ts";
import { decodeContext } from "./row_codec.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** What this node has written: the row, or none. */
interface OwnWrite {
  readonly memory: string;
  readonly revision: number;
  readonly row: Row | undefined;
}

/** Until when a row is awaited that its owner may write again. */
export interface Awaited {
  /** The life that may do it: the next one counts its renewals anew. */
  readonly epoch: string;
  /** The count of the renewal by which it would have. */
  readonly count: number;
}

/** A change that came while its context was read, and for how long it waits. */
interface Arrived {
  readonly told: RowChange;
  readonly waits: Stopwatch;
}

/**
 * What a node knows of a context that it follows: the rows as they are shared,
 * whoever's they are, and up to which change.
 */
export class FollowedContext<M extends PresenceModel> {
  /** As the backbone names it. */
  readonly name: string;
  /** As the server knows it. */
  readonly key: M["context"];
  /** The rows by their ids. */
  rows: Map<string, Row> = new Map();
  /** Rows that are not there, but that their owner may write again. */
  held: Map<string, Awaited> = new Map();
  /** The memory of the backbone that it was read from; "" before it is. */
  memory = "";
  /** Up to which change. */
  revision = 0;
  /** Whether changes may have been missed, or lost, since. */
  isDoubtful = true;
  /** Whether the backbone was asked anything about it, with or without success. */
  isUsed = false;
  /** The connection that tells its changes, if there is one. */
  subscribedBy: BackboneConnection | undefined;
  /** Whether it is being read. */
  isReading = false;
  /** Whether it must be read again after that. */
  isOutdated = false;
  /** Settles when it has been read, with whether it could be. */
  reading: Promise<boolean> = Promise.resolve(false);
  /** Whether it has to wait for the next renewal until more can be done. */
  isUnsettled = false;
  /** The rows that this node has corrected since the last renewal. */
  readonly #corrected = new Set<string>();
  /** What this node has written and not heard of, since a reading was begun. */
  readonly #written = new Map<string, OwnWrite>();
  /** What came while it was read. */
  #arrived: Arrived[] = [];

  /** Makes one that has not been read. */
  constructor(name: string) {
    this.name = name;
    this.key = decodeContext<M>(name);
  }

  /**
   * Begins to read it: what was written by then must be in the answer, or the
   * backbone has lost it.
   */
  begin(): void {
    this.isOutdated = false;
    this.isDoubtful = false;
    this.#written.clear();
    this.#arrived = [];
  }

  /** Keeps a change for the end of the reading; the stopwatch runs from now. */
  keep(told: RowChange, waits: Stopwatch): void {
    this.#arrived.push({ told, waits });
  }

  /**
   * What was read, with what came meanwhile, up to a row of a life that is not
   * known: whether it goes on is yet to be found out.
   *
   * @param reading Runs since it was asked for: its rows may be older by so
   * much.
   */
  withKept(
    read: ContextRows,
    reading: Stopwatch,
    lives: (life: NodeLife) => boolean,
  ): ContextRows {
    const rows = new Map(read.rows.map((row) => [row.id, older(row, reading)]));
    let { revision } = read;
    for (const { told, waits } of this.#arrived) {
      const { memory, previous = 0, change } = told;
      if (memory !== read.memory || told.revision <= revision) continue;
      if (previous > revision) break;
      if (change.type === "put" && !lives(change.row)) break;
      revision = told.revision;
      if (change.type === "put") {
        rows.set(change.row.id, older(change.row, waits));
      } else rows.delete(change.id);
    }
    return { memory: read.memory, revision, rows: [...rows.values()] };
  }

  /** Takes what was kept. */
  takeKept(): readonly RowChange[] {
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived.map(({ told, waits }) => {
      const { change } = told;
      if (change.type !== "put") return told;
      const row = older(change.row, waits);
      return { ...told, change: { type: "put", row } };
    });
  }

  /** How a change follows what is known. */
  judge({ memory, revision, previous }: RowChange): "next" | "old" | "gap" {
    if (this.isDoubtful || memory !== this.memory) return "gap";
    if (revision <= this.revision) return "old";
    return previous === undefined || previous <= this.revision ? "next" : "gap";
  }

  /**
   * Takes note of what this node has written: it need not hear of it.
   *
   * @returns Whether that is how it is, as far as is known.
   */
  wrote(
    { node, epoch }: NodeLife,
    write: RowWrite,
    memory: string,
    revision: number,
  ): boolean {
    const { id } = write;
    const row = write.type === "put"
      ? { node, epoch, id, value: write.value, age: write.age }
      : undefined;
    const isUnheard = memory !== this.memory || revision > this.revision;
    if (isUnheard || this.isReading) {
      this.#written.set(id, { memory, revision, row });
    }
    if (this.isDoubtful || memory !== this.memory) return true;
    if (isUnheard) {
      this.#set(id, row);
      return true;
    }
    const known = this.rows.get(id);
    return known?.node === row?.node && known?.epoch === row?.epoch;
  }

  /** How many of its own writes this node has not heard of. */
  get unheard(): number {
    return this.#written.size;
  }

  /** Takes note that a change was told, of all that are told in order. */
  heard(id: string, revision: number): void {
    this.revision = revision;
    const written = this.#written.get(id);
    if (written !== undefined && written.revision <= revision) {
      this.#written.delete(id);
    }
  }

  /** Whether this node has written a row after a revision. */
  hasWritten(id: string, memory: string, revision: number): boolean {
    const written = this.#written.get(id);
    return written?.memory === memory && written.revision > revision;
  }

  /** Takes the rows as they were read, but for what was written since. */
  replace({ memory, revision, rows }: ContextRows): void {
    this.memory = memory;
    this.revision = revision;
    this.rows = new Map(rows.map((row) => [row.id, row]));
    for (const [id, { row }] of this.#written) {
      if (this.hasWritten(id, memory, revision)) this.#set(id, row);
      else this.#written.delete(id);
    }
  }

  /**
   * Whether a row that is shared otherwise than this node has it may be written
   * again now: once with each renewal, however often it turns out to be so.
   */
  mayCorrect(id: string): boolean {
    if (!this.#corrected.has(id)) {
      this.#corrected.add(id);
      return true;
    }
    this.isUnsettled = true;
    return false;
  }

  /** The lease was renewed: takes note whether it must be read for that. */
  renewed(): void {
    this.#corrected.clear();
    if (this.isUnsettled) this.isDoubtful = true;
    this.isUnsettled = false;
  }

  /** Whether a life has rows in it. O(rows). */
  hasRowsOf(life: NodeLife): boolean {
    return [...this.rows.values()].some((row) => isOf(life, row));
  }

  /** Takes out the rows of a life. O(rows). */
  takeRowsOf(life: NodeLife): Row[] {
    const taken = [...this.rows.values()].filter((row) => isOf(life, row));
    for (const { id } of taken) this.#set(id, undefined);
    return taken;
  }

  /** Knows nothing any more. */
  forget(): void {
    this.memory = "";
    this.rows.clear();
    this.held.clear();
  }

  #set(id: string, row: Row | undefined): void {
    this.held.delete(id);
    if (row === undefined) this.rows.delete(id);
    else this.rows.set(id, row);
  }
}

/** A row as it is after a while. */
function older(row: Row, { elapsed }: Stopwatch): Row {
  return { ...row, age: row.age + elapsed };
}

function isOf({ node, epoch }: NodeLife, row: NodeLife): boolean {
  return row.node === node && row.epoch === epoch;
}
