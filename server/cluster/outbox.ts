import type { Timestamp } from "../../core/mod.ts";

/**
 * A write that waits. The value of a put and the age of a write are determined
 * when it is done.
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
 * The writes that wait: the latest of each row, so that there are never more
 * writes than rows. A removal never overtakes an earlier put, or others would
 * see a subject leave that has only changed connections.
 */
export class Outbox {
  /** Called when a write is added or forgotten. */
  onChange: () => void = () => {};
  #waiting: Writes = new Map();
  #underway: Writes = new Map();

  /** How many writes wait, without those in progress. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Adds a write. It replaces one of the same row that waits. O(1). */
  add(write: PendingWrite): void {
    const row = nameOf(write);
    const former = this.#waiting.get(row) ?? this.#underway.get(row);
    set(this.#waiting, later(former, write));
    this.onChange();
  }

  /**
   * Forgets a put that waits. A put in progress may be done, so the row is
   * retracted. O(1).
   */
  forget(context: string, id: string): void {
    const row = nameOf({ context, id });
    if (this.#underway.has(row)) this.add({ type: "retract", context, id });
    else if (this.#waiting.get(row)?.type === "put") this.#waiting.delete(row);
    this.onChange();
  }

  /**
   * Returns the type of a row's write that waits or is in progress. A retraction
   * leaves the row of another node alone, so any other write counts before it.
   * O(1).
   */
  pending(context: string, id: string): PendingWrite["type"] | undefined {
    if (this.#waiting.size + this.#underway.size === 0) return undefined;
    const row = nameOf({ context, id });
    const waiting = this.#waiting.get(row)?.type;
    const underway = this.#underway.get(row)?.type;
    return waiting === undefined || waiting === "retract"
      ? underway ?? waiting
      : waiting;
  }

  /**
   * Takes the next writes, the puts first: a backbone may make removals wait for
   * them. They are in progress until `done()` or `failed()`.
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

  /** Handles the success of the writes in progress. */
  done(): void {
    this.#underway = new Map();
  }

  /**
   * Puts the writes in progress back before those that wait: they may have been
   * done or not. O(size).
   */
  failed(): void {
    const waiting = this.#waiting;
    this.#waiting = this.#underway;
    this.#underway = new Map();
    for (const write of waiting.values()) set(this.#waiting, write);
  }
}

/** Writes by row, in the order to do them. */
type Writes = Map<string, PendingWrite>;

/** Both are JSON, so their concatenation is unambiguous. */
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
 * A row that may not have been put may still be another node's. Its publisher has
 * left, so it is withdrawn, unless that node has heard from the publisher since.
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
