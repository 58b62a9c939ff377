import type { Lease, NodeLife } from "./backbone.ts";

/** In how many renewals in a row a context is named that was written. */
export const NAMINGS = 4;

/** How long the names of contexts may be that one renewal holds. */
const MAX_NAMED = 65_536;

/** How many of its lives a server remembers. */
const MAX_LIVES = 1_000;

/** The epochs of all lives that a server has had, by whatever name. */
const lives = new WeakMap<object, Set<string>>();

/** What a node says of itself with each renewal. */
export class OwnLease {
  /** The memory of the backbone that knows all own rows; "" for none. */
  announced = "";
  readonly #lives: Set<string>;
  #life: NodeLife;
  #count = 0;
  /** What was written lately, and how often it is yet to be named. */
  readonly #written = new Map<string, { revision: number; left: number }>();

  /** Makes one for a node of a server, which has not begun to live. */
  constructor(node: string, server: object) {
    this.#lives = lives.get(server) ?? new Set();
    lives.set(server, this.#lives);
    this.#life = { node, epoch: crypto.randomUUID() };
  }

  /** Whose it is. */
  get life(): NodeLife {
    return this.#life;
  }

  /**
   * Whether a life was, or is, one of this server: what it has shared is the
   * server's own.
   */
  isOwn({ epoch }: Pick<NodeLife, "epoch">): boolean {
    return this.#lives.has(epoch);
  }

  /** Begins another life, of which nothing is known to anybody. */
  beginLife(node: string = this.#life.node): void {
    this.#life = { node, epoch: crypto.randomUUID() };
    this.#lives.add(this.#life.epoch);
    const [oldest = ""] = this.#lives;
    if (this.#lives.size > MAX_LIVES) this.#lives.delete(oldest);
    this.#count = 0;
    this.announced = "";
    this.#written.clear();
  }

  /** Takes note that a context was written: it is named after others. O(1). */
  wrote(context: string, revision: number): void {
    this.#written.delete(context);
    this.#written.set(context, { revision, left: NAMINGS });
  }

  /** What is to be said next. Where too much was written some of it waits. */
  next(): Lease {
    this.#count++;
    const written: [context: string, revision: number][] = [];
    let length = 0;
    for (const [context, entry] of this.#written) {
      length += context.length;
      if (length > MAX_NAMED && written.length > 0) break;
      written.push([context, entry.revision]);
      entry.left--;
      if (entry.left === 0) this.#written.delete(context);
    }
    return {
      ...this.#life,
      count: this.#count,
      announced: this.announced,
      written,
    };
  }
}
