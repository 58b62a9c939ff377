import type { PresenceModel } from "../core/mod.ts";
import type { PresenceChange, Sequence } from "./change.ts";

/**
 * The end of one context's changes in the log. A new chain starts at the log's
 * floor: earlier changes are unknown.
 */
export interface Chain {
  /** The newest change of the context. */
  tail: Sequence;
}

const FIRST_CAPACITY = 16;

/**
 * The retained changes: a ring that grows up to the retention, and beside each
 * change the sequence of the one before it in the same context. A walk along
 * these links, back from the chain's tail, visits the changes of one context and
 * no others.
 */
export class ChangeLog<M extends PresenceModel> {
  readonly #retention: number;
  /** The ring of changes; public for the tests. */
  changes: (PresenceChange<M> | undefined)[];
  /** For each change, the one before it in its context. */
  links: Sequence[];
  #floor: Sequence = 0;
  #last: Sequence = 0;

  /** Makes an empty log that keeps the given number of changes. */
  constructor(retention: number) {
    this.#retention = retention;
    const capacity = Math.min(FIRST_CAPACITY, retention);
    this.changes = new Array(capacity).fill(undefined);
    this.links = new Array(capacity).fill(0);
  }

  /** The newest change; 0 before the first. */
  get last(): Sequence {
    return this.#last;
  }

  /** Changes up to here are no longer retained. */
  get floor(): Sequence {
    return this.#floor;
  }

  /** Appends a change, whose sequence must be the next one. Amortised O(1). */
  append(change: PresenceChange<M>, chain: Chain): void {
    this.#last = change.sequence;
    if (this.#retention === 0) {
      this.#floor = this.#last;
    } else {
      const retained = this.#last - this.#floor;
      if (retained > this.#retention) this.#floor++;
      else if (retained > this.changes.length) this.#grow();
      const slot = this.#slot(change.sequence);
      this.changes[slot] = change;
      this.links[slot] = chain.tail;
    }
    chain.tail = change.sequence;
  }

  /** Drops the changes up to a sequence; returns how many. O(dropped). */
  compact(through: Sequence): number {
    const floor = Math.min(through, this.#last);
    const removed = Math.max(0, floor - this.#floor);
    for (let count = 0; count < removed; count++) {
      this.changes[this.#slot(++this.#floor)] = undefined;
    }
    return removed;
  }

  /** Returns a retained change. O(1). */
  get(sequence: Sequence): PresenceChange<M> | undefined {
    if (sequence <= this.#floor || sequence > this.#last) return undefined;
    return this.changes[this.#slot(sequence)];
  }

  /**
   * Returns the changes after a sequence in order, those of one context if its
   * chain is given; `undefined` if one is no longer retained. O(answer).
   */
  since(since: Sequence, chain?: Chain): PresenceChange<M>[] | undefined {
    if (chain === undefined && since < this.#floor) return undefined;
    const changes: PresenceChange<M>[] = [];
    let sequence = chain?.tail ?? this.#last;
    while (sequence > since) {
      const change = this.get(sequence);
      if (change === undefined) return undefined;
      changes.push(change);
      sequence = chain === undefined ? sequence - 1 : this.#link(sequence);
    }
    return changes.reverse();
  }

  /** Returns the change before a retained one in the same context. O(1). */
  #link(sequence: Sequence): Sequence {
    return this.links[this.#slot(sequence)] ?? 0;
  }

  #slot(sequence: Sequence): number {
    return sequence % this.changes.length;
  }

  #grow(): void {
    const capacity = Math.min(this.changes.length * 2, this.#retention);
    const changes = new Array<PresenceChange<M> | undefined>(capacity)
      .fill(undefined);
    const links: Sequence[] = new Array(capacity).fill(0);
    for (let sequence = this.#floor + 1; sequence < this.#last; sequence++) {
      const slot = this.#slot(sequence);
      changes[sequence % capacity] = this.changes[slot];
      links[sequence % capacity] = this.links[slot] ?? 0;
    }
    this.changes = changes;
    this.links = links;
  }
}
