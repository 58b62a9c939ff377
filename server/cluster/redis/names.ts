import type { NodeLife } from "../mod.ts";

/**
 * The names of keys and channels. The part in braces determines the slot in a
 * Redis Cluster: all of a context is in one slot, and so are all leases.
 */
export class RedisNames {
  readonly #prefix: string;

  /** Makes names that begin with a prefix. */
  constructor(prefix: string) {
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

  /** The key of the leases. */
  get leases(): string {
    return this.#node("leases");
  }

  /** The key of the lives that are over but not purged. */
  get unpurged(): string {
    return this.#node("unpurged");
  }

  /** The key of the memory. */
  get memory(): string {
    return this.#node("memory");
  }

  /** The channel that all nodes subscribe to. */
  get news(): string {
    return this.#node("news");
  }

  #node(what: string): string {
    return `${this.#prefix}:{nodes}:${what}`;
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
