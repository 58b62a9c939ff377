import type { NodeLife } from "../mod.ts";

/**
 * The names of keys and channels. The part in braces determines the slot in a
 * Redis Cluster: all of a context is in one slot, and so are all leases.
 */
export class RedisNames {
  /** The key of the leases. */
  readonly leases: string;
  /** The key of the lives that are over but not purged. */
  readonly unpurged: string;
  /** The key of the memory. */
  readonly memory: string;
  /** The channel that all nodes subscribe to. */
  readonly news: string;
  readonly #prefix: string;

  /** Makes names that begin with a prefix. */
  constructor(prefix: string) {
    this.leases = `${prefix}:{nodes}:leases`;
    this.unpurged = `${prefix}:{nodes}:unpurged`;
    this.memory = `${prefix}:{nodes}:memory`;
    this.news = `${prefix}:{nodes}:news`;
    this.#prefix = prefix;
  }

  /** The keys of the rows, their owners, and the last revision of a context. */
  context(context: string): readonly string[] {
    const name = this.#context(context);
    return [`${name}:rows`, `${name}:owners`, `${name}:last`];
  }

  /** The channel of a context. */
  changes(context: string): string {
    return `${this.#context(context)}:changes`;
  }

  /** The key of the contexts in which a life may have rows. */
  contextsOf(life: NodeLife): string {
    return `${this.#prefix}:{life:${lifeText(life)}}:contexts`;
  }

  #context(context: string): string {
    return `${this.#prefix}:{context:${context}}`;
  }
}

/** Encodes a life, always in the same way: scripts compare it. */
export function lifeText({ node, epoch }: NodeLife): string {
  return JSON.stringify([node, epoch]);
}

/**
 * Decodes a life.
 *
 * @throws {SyntaxError} If the text is not JSON.
 * @throws {TypeError} If it is no life.
 */
export function lifeOf(text: string): NodeLife {
  const [node, epoch]: unknown[] = JSON.parse(text);
  if (typeof node !== "string" || typeof epoch !== "string") {
    throw new TypeError(`Cannot read life: it is ${text}`);
  }
  return { node, epoch };
}
