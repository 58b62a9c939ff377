import type { Timestamp } from "../../core/mod.ts";
import { TokenBuckets } from "../internal.ts";
import type { HttpLimits } from "./limits.ts";
import { HttpProblem } from "./wire/problem.ts";

/** Counts the requests and open streams of each account. */
export class Quotas {
  readonly #limits: HttpLimits;
  readonly #buckets: TokenBuckets;
  readonly #open = new Map<string, number>();

  /** Creates empty quotas. */
  constructor(limits: HttpLimits) {
    const { requestsPerSecond: perSecond } = limits;
    const capacity = Math.max(1, perSecond);
    this.#limits = limits;
    this.#buckets = new TokenBuckets({ perSecond, capacity });
  }

  /**
   * Counts a request.
   *
   * @throws {HttpProblem} If the account has used up its quota.
   */
  countRequest(account: string, now: Timestamp): void {
    const seconds = this.#buckets.take(account, now);
    if (seconds === 0) return;
    throw new HttpProblem(
      "too-many-requests",
      `Cannot answer: more than ${this.#limits.requestsPerSecond} requests a second`,
      { headers: { "retry-after": String(Math.ceil(seconds)) } },
    );
  }

  /** The number of open streams of all accounts. O(accounts). */
  get streams(): number {
    return [...this.#open.values()].reduce((sum, open) => sum + open, 0);
  }

  /** Reports whether an account may open another stream. */
  hasStream(account: string): boolean {
    return (this.#open.get(account) ?? 0) < this.#limits.streams;
  }

  /**
   * Checks that an account may open another stream.
   *
   * @throws {HttpProblem} If it has used up its quota.
   */
  assertStream(account: string): void {
    if (this.hasStream(account)) return;
    throw new HttpProblem(
      "too-many-requests",
      `Cannot watch: more than ${this.#limits.streams} streams would be open`,
      { headers: { "retry-after": "10" } },
    );
  }

  /**
   * Counts an open stream.
   *
   * @returns A function to call once, when the stream has ended.
   */
  openStream(account: string): () => void {
    this.#open.set(account, (this.#open.get(account) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(account) ?? 1) - 1;
      if (left === 0) this.#open.delete(account);
      else this.#open.set(account, left);
    };
  }
}
