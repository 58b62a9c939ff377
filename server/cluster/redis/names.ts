import type { NodeLife } from "../mod.ts";

/**
 * What keys and channels are called. What is in braces says where it is in a
 * Redis Cluster: all of a context is in one place, and so are all leases.
 */
export class RedisNames {
  readonly #prefix: string;

  /** @param prefix What all names begin with. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The rows, their owners, and the last revision of a context. */
  context(context: string): readonly string[] {
    const name = this.#context(context);
    return [`${name}:rows`, `${name}:owners`, `${name}:last`];
  }

  /** The channel of a context. */
  changes(context: string): string {
    return `${this.#context(context)}:changes`;
  }

  /** The contexts in which a life may have rows. */
  contextsOf(life: NodeLife): string {
    return `${this.#prefix}:{life:${lifeText(life)}}:contexts`;
  }

  /** The leases. */
  get leases(): string {
    return this.#node("leases");
  }

  /** The lives that are over, but not purged. */
  get unpurged(): string {
    return this.#node("unpurged");
  }

  /** The memory. */
  get memory(): string {
    return this.#node("memory");
  }

  /** The channel on which all nodes listen. */
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

/** Names a life: always in the same way, since scripts compare it. */
export function lifeText({ node, epoch }: NodeLife): string {
  return JSON.stringify([node, epoch]);
}

/**
 * Reads the name of a life.
 *
 * @throws {SyntaxError} If it is not JSON.
 * @throws {TypeError} If it is not that of a life.
 */
export function lifeOf(text: string): NodeLife {
  const [node, epoch]: unknown[] = JSON.parse(text);
  if (typeof node !== "string" || typeof epoch !== "string") {
    throw new TypeError(`Cannot read life: it is ${text}`);
  }
  return { node, epoch };
}
