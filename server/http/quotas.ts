import type { Timestamp } from "../../core/mod.ts";
import { TokenBuckets } from "../internal.ts";
import type { HttpLimits } from "./limits.ts";
import { HttpProblem } from "./wire/problem.ts";

/** Keeps account of what each identity asks for at the moment. */
export class Quotas {
  readonly #perSecond: number;
  readonly #streams: number;
  readonly #buckets: TokenBuckets;
  readonly #open = new Map<string, number>();
  #streamsOpen = 0;

  /** Makes an empty account. */
  constructor({ requestsPerSecond, streams }: HttpLimits) {
    this.#perSecond = requestsPerSecond;
    this.#streams = streams;
    this.#buckets = new TokenBuckets({
      perSecond: requestsPerSecond,
      capacity: Math.max(1, requestsPerSecond),
    });
  }

  /**
   * Takes a request into account.
   *
   * @throws {HttpProblem} If the identity has used up its share.
   */
  countRequest(account: string, now: Timestamp): void {
    const seconds = this.#buckets.take(account, now);
    if (seconds === 0) return;
    throw new HttpProblem(
      "too-many-requests",
      `Cannot answer: more than ${this.#perSecond} requests a second`,
      { headers: { "retry-after": String(Math.ceil(seconds)) } },
    );
  }

  /** How many streams are open, whosever they are. */
  get streams(): number {
    return this.#streamsOpen;
  }

  /** Whether a stream more may be open. */
  hasStream(account: string): boolean {
    return (this.#open.get(account) ?? 0) < this.#streams;
  }

  /**
   * Lets somebody pass who may have a stream more.
   *
   * @throws {HttpProblem} If the identity has as many as it may have.
   */
  assertStream(account: string): void {
    if (this.hasStream(account)) return;
    throw new HttpProblem(
      "too-many-requests",
      `Cannot watch: more than ${this.#streams} streams would be open`,
      { headers: { "retry-after": "10" } },
    );
  }

  /**
   * Takes an open stream into account.
   *
   * @returns What to call, once, when the stream has ended.
   */
  openStream(account: string): () => void {
    this.#open.set(account, (this.#open.get(account) ?? 0) + 1);
    this.#streamsOpen++;
    return () => {
      this.#streamsOpen--;
      const left = (this.#open.get(account) ?? 1) - 1;
      if (left === 0) this.#open.delete(account);
      else this.#open.set(account, left);
    };
  }
}
