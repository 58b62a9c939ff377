import type { Timestamp } from "../../core/mod.ts";

/**
 * A write that is yet to be done. What a put says, and how old a write is, is
 * found out when it is done.
 */
export type PendingWrite =
  | { readonly type: "retract"; readonly context: string; readonly id: string }
  | {
    readonly type: "put" | "withdraw";
    readonly context: string;
    readonly id: string;
    /** When the publisher was heard or has left, by the node's clock. */
    readonly at: Timestamp;
  };

/**
 * What is yet to be written: for each row the latest, however often it has
 * changed, so that it never holds more than there are rows. A removal never
 * overtakes a put that came before it, or others would see somebody leave who
 * has only changed connections.
 */
export class Outbox {
  /** Called when another write waits, or one does not wait any more. */
  onChange: () => void = () => {};
  #waiting: Writes = new Map();
  #underway: Writes = new Map();

  /** How many writes wait, apart from those under way. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Adds a write in the place of one of the same row that waits. O(1). */
  add(write: PendingWrite): void {
    const row = nameOf(write);
    const former = this.#waiting.get(row) ?? this.#underway.get(row);
    set(this.#waiting, later(former, write));
    this.onChange();
  }

  /**
   * Forgets a put that waits. One that is under way may be done, so the row is
   * removed again. O(1).
   */
  forget(context: string, id: string): void {
    const row = nameOf({ context, id });
    if (this.#underway.has(row)) this.add({ type: "retract", context, id });
    else if (this.#waiting.get(row)?.type === "put") this.#waiting.delete(row);
    this.onChange();
  }

  /**
   * What waits or is under way of a row. Only a retraction leaves the row of
   * another node alone: it counts if there is nothing else. O(1).
   */
  pending(context: string, id: string): PendingWrite["type"] | undefined {
    const row = nameOf({ context, id });
    const waiting = this.#waiting.get(row)?.type;
    const underway = this.#underway.get(row)?.type;
    return waiting === undefined || waiting === "retract"
      ? underway ?? waiting
      : waiting;
  }

  /**
   * Takes the next writes out, the puts first: a backbone may make removals
   * wait for them. They are under way until they are settled.
   */
  take(limit: number): readonly PendingWrite[] {
    const taken: PendingWrite[] = [];
    for (const [row, write] of this.#waiting) {
      if (taken.length === limit) break;
      this.#waiting.delete(row);
      this.#underway.set(row, write);
      taken.push(write);
    }
    return [
      ...taken.filter(({ type }) => type === "put"),
      ...taken.filter(({ type }) => type !== "put"),
    ];
  }

  /** Handles the success of what was under way. */
  done(): void {
    this.#underway = new Map();
  }

  /**
   * Puts what was under way back, before what waits: it may have been written
   * or not. O(size).
   */
  failed(): void {
    const waiting = this.#waiting;
    this.#waiting = this.#underway;
    this.#underway = new Map();
    for (const write of waiting.values()) set(this.#waiting, write);
  }
}

/** Writes by their rows, in the order in which they are to be done. */
type Writes = Map<string, PendingWrite>;

/** Both are JSON, so that their concatenation is unambiguous. */
function nameOf(
  { context, id }: { readonly context: string; readonly id: string },
): string {
  return context + id;
}

/** A put keeps the place of the write that it replaces; a removal is last. */
function set(writes: Writes, write: PendingWrite): void {
  const row = nameOf(write);
  if (write.type !== "put") writes.delete(row);
  writes.set(row, write);
}

/**
 * A row that is not known to have been put may still be that of another node,
 * which its publisher has left: it is withdrawn, unless that node has heard
 * from the publisher since.
 */
function later(
  former: PendingWrite | undefined,
  write: PendingWrite,
): PendingWrite {
  if (write.type !== "retract") return write;
  if (former === undefined || former.type === "retract") return write;
  const { context, id, at } = former;
  return { type: "withdraw", context, id, at };
}
