import type { Lease, NodeLife } from "./backbone.ts";

/** The maximum total length of the contexts that one renewal names. */
const MAX_NAMED = 65_536;

/** How many of its own lives a server remembers. */
const MAX_LIVES = 1_000;

/** The epochs of all lives of each server, by whatever name. */
const lives = new WeakMap<object, Set<string>>();

/** The lease of this node, as each renewal states it. */
export class OwnLease {
  /** The memory of the backbone that has all own rows; "" for none. */
  announced = "";
  readonly #lives: Set<string>;
  #life: NodeLife;
  #count = 0;
  /** Written contexts that no renewal has named, with their revisions. */
  readonly #written = new Map<string, number>();

  /** Makes the lease of a node before it is acquired. */
  constructor(node: string, server: object) {
    this.#lives = lives.get(server) ?? new Set();
    lives.set(server, this.#lives);
    this.#life = { node, epoch: crypto.randomUUID() };
  }

  /** The present life of the node. */
  get life(): NodeLife {
    return this.#life;
  }

  /** Reports whether a life is or was one of this server, which owns its rows. */
  isOwn({ epoch }: Pick<NodeLife, "epoch">): boolean {
    return this.#lives.has(epoch);
  }

  /** Begins another life, which has no lease yet. */
  beginLife(node: string = this.#life.node): void {
    this.#life = { node, epoch: crypto.randomUUID() };
    this.#lives.add(this.#life.epoch);
    const [oldest = ""] = this.#lives;
    if (this.#lives.size > MAX_LIVES) this.#lives.delete(oldest);
    this.#count = 0;
    this.announced = "";
    this.#written.clear();
  }

  /** Remembers to name a written context with the next renewal. O(1). */
  wrote(context: string, revision: number): void {
    this.#written.set(context, revision);
  }

  /** Returns the next renewal. If too many contexts were written, some wait. */
  next(): Lease {
    const { announced } = this;
    const written: [context: string, revision: number][] = [];
    let length = 0;
    for (const [context, revision] of this.#written) {
      length += context.length;
      if (length > MAX_NAMED && written.length > 0) break;
      written.push([context, revision]);
      this.#written.delete(context);
    }
    return { ...this.#life, count: ++this.#count, announced, written };
  }
}
