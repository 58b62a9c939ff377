import type { Timestamp } from "../../core/mod.ts";

/**
 * A write that is yet to be done. What a put says, and how old a write is, is
 * found out when it is done.
 */
export type PendingWrite =
  | {
    readonly type: "put";
    readonly context: string;
    readonly id: string;
    /** When its publisher was heard of, by the node's clock. */
    readonly at: Timestamp;
  }
  | { readonly type: "retract"; readonly context: string; readonly id: string }
  | {
    readonly type: "withdraw";
    readonly context: string;
    readonly id: string;
    /** When, by the node's clock. */
    readonly at: Timestamp;
  };

/**
 * What is yet to be written: for each row the latest, however often it has
 * changed, so that it never holds more than there are rows. A removal never
 * overtakes a put of its context that came before it, or others would see
 * somebody leave who has only changed connections.
 */
export class Outbox {
  #waiting = new Writes();
  #underway = new Writes();

  /** How many writes wait, apart from those under way. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Takes a write; one of the same row that waits is no longer needed. O(1). */
  add(write: PendingWrite): void {
    const { context, id } = write;
    const former = this.#waiting.get(context, id) ??
      this.#underway.get(context, id);
    this.#waiting.set(later(former, write));
  }

  /**
   * Forgets a put that waits. What is under way may be done: the row has to go
   * again. O(1).
   */
  forget(context: string, id: string): void {
    if (this.#underway.get(context, id) !== undefined) {
      this.add({ type: "retract", context, id });
    } else if (this.#waiting.get(context, id)?.type === "put") {
      this.#waiting.delete(context, id);
    }
  }

  /**
   * What waits or is under way of a row. Only a retraction leaves the row of
   * another node alone: it counts if there is nothing else. O(1).
   */
  pending(context: string, id: string): PendingWrite["type"] | undefined {
    const waiting = this.#waiting.get(context, id)?.type;
    const underway = this.#underway.get(context, id)?.type;
    return waiting === undefined || waiting === "retract"
      ? underway ?? waiting
      : waiting;
  }

  /**
   * Takes the next writes out, first the puts: a backbone may have removals wait
   * for them. They are under way until they are settled.
   */
  take(limit: number): readonly PendingWrite[] {
    const writes = this.#waiting.take(limit);
    for (const write of writes) this.#underway.set(write);
    return [
      ...writes.filter(({ type }) => type === "put"),
      ...writes.filter(({ type }) => type !== "put"),
    ];
  }

  /** Takes note that what was under way is written. */
  done(): void {
    this.#underway = new Writes();
  }

  /**
   * Puts what was under way back, before what waits: it may have been written
   * or not. O(size).
   */
  failed(): void {
    const waiting = this.#waiting.take(Infinity);
    this.#waiting = this.#underway;
    this.#underway = new Writes();
    for (const write of waiting) this.#waiting.set(write);
  }
}

/**
 * Writes by context and id, in the order in which contexts came. Within a
 * context a put keeps the place of the write that it replaces; a removal goes
 * last.
 */
class Writes {
  readonly #byContext = new Map<string, Map<string, PendingWrite>>();
  size = 0;

  get(context: string, id: string): PendingWrite | undefined {
    return this.#byContext.get(context)?.get(id);
  }

  set(write: PendingWrite): void {
    const { context, id } = write;
    let writes = this.#byContext.get(context);
    if (writes === undefined) {
      writes = new Map();
      this.#byContext.set(context, writes);
    }
    if (!writes.has(id)) this.size++;
    if (write.type !== "put") writes.delete(id);
    writes.set(id, write);
  }

  delete(context: string, id: string): void {
    const writes = this.#byContext.get(context);
    if (writes?.delete(id) !== true) return;
    this.size--;
    if (writes.size === 0) this.#byContext.delete(context);
  }

  take(limit: number): PendingWrite[] {
    const taken: PendingWrite[] = [];
    for (const [context, writes] of this.#byContext) {
      for (const [id, write] of writes) {
        if (taken.length === limit) break;
        taken.push(write);
        writes.delete(id);
      }
      if (writes.size === 0) this.#byContext.delete(context);
      if (taken.length === limit) break;
    }
    this.size -= taken.length;
    return taken;
  }
}

/**
 * What is not known to have been put may still be another node's, from which
 * its publisher has come: it goes, unless they have heard of it since.
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
