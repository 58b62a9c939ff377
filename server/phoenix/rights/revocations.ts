import type { PhoenixIdentity } from "./identity.ts";

/** How many to remember; older ones count for every identity. */
const MAX_REMEMBERED = 1_000;

/**
 * The latest revocations: the rights of a socket that is about to open may have
 * been revoked since it was authorized.
 */
export class Revocations {
  readonly #latest: PhoenixIdentity[] = [];
  #count = 0;

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** Records that the rights of an identity were revoked. */
  add(identity: PhoenixIdentity): void {
    this.#count++;
    this.#latest.push(identity);
    if (this.#latest.length > MAX_REMEMBERED) this.#latest.shift();
  }

  /** Reports whether an identity was revoked, or may have been, since a count. */
  includes(identity: PhoenixIdentity, since: number): boolean {
    const missed = this.#count - since;
    if (missed === 0) return false;
    return missed > this.#latest.length ||
      this.#latest.slice(-missed).some((one) => isSame(one, identity));
  }
}

/** Reports whether two identities have the same subject or, without one, are the same. */
export function isSame(a: PhoenixIdentity, b: PhoenixIdentity): boolean {
  return a.subject === undefined ? a === b : a.subject === b.subject;
}
