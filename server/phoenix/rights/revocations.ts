import type { PhoenixIdentity } from "./identity.ts";

/** Those before the latest so many are not told apart. */
const MAX_REMEMBERED = 1_000;

/**
 * The latest revocations: a socket that is about to open may be of somebody
 * whose rights have been taken away since it was authorized.
 */
export class Revocations {
  readonly #latest: PhoenixIdentity[] = [];
  #count = 0;

  /** How many there have been. */
  get count(): number {
    return this.#count;
  }

  /** Remembers that somebody's rights were taken away. */
  add(identity: PhoenixIdentity): void {
    this.#count++;
    this.#latest.push(identity);
    if (this.#latest.length > MAX_REMEMBERED) this.#latest.shift();
  }

  /** Whether it has happened to somebody, or may have, since a count. */
  includes(identity: PhoenixIdentity, since: number): boolean {
    const missed = this.#count - since;
    if (missed === 0) return false;
    return missed > this.#latest.length ||
      this.#latest.slice(-missed).some((one) => isSame(one, identity));
  }
}

/** Whether two identities are of the same subject or, without one, the same. */
export function isSame(a: PhoenixIdentity, b: PhoenixIdentity): boolean {
  return a.subject === undefined ? a === b : a.subject === b.subject;
}
