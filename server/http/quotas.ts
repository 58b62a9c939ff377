import type { Timestamp } from "../../core/mod.ts";
import type { HttpLimits } from "./limits.ts";
import { HttpProblem } from "./wire/problem.ts";

interface Bucket {
  tokens: number;
  filledAt: Timestamp;
}

/** Below so many buckets none is worth looking for those that are full. */
const MIN_SWEEP = 1_024;

/** Keeps account of what each identity asks for at the moment. */
export class Quotas {
  readonly #perSecond: number;
  readonly #streams: number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #open = new Map<string, number>();
  #streamsOpen = 0;
  #sweepAt = MIN_SWEEP;

  /** Makes an empty account. */
  constructor({ requestsPerSecond, streams }: HttpLimits) {
    this.#perSecond = requestsPerSecond;
    this.#streams = streams;
  }

  /**
   * Takes a request into account.
   *
   * @throws {HttpProblem} If the identity has used up its share.
   */
  countRequest(account: string, now: Timestamp): void {
    if (this.#perSecond === Infinity) return;
    const bucket = this.#buckets.get(account) ?? this.#addBucket(account, now);
    this.#fill(bucket, now);
    if (bucket.tokens < 1) {
      const seconds = Math.ceil((1 - bucket.tokens) / this.#perSecond);
      throw new HttpProblem(
        "too-many-requests",
        `Cannot answer: more than ${this.#perSecond} requests a second`,
        { headers: { "retry-after": String(seconds) } },
      );
    }
    bucket.tokens--;
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

  get #capacity(): number {
    return Math.max(1, this.#perSecond);
  }

  #addBucket(account: string, now: Timestamp): Bucket {
    if (this.#buckets.size >= this.#sweepAt) this.#forgetFull(now);
    const bucket = { tokens: this.#capacity, filledAt: now };
    this.#buckets.set(account, bucket);
    return bucket;
  }

  #fill(bucket: Bucket, now: Timestamp): void {
    const elapsed = Math.max(0, now - bucket.filledAt) / 1_000;
    bucket.filledAt = now;
    bucket.tokens = Math.min(
      this.#capacity,
      bucket.tokens + elapsed * this.#perSecond,
    );
  }

  /** A bucket that is full is as good as none. */
  #forgetFull(now: Timestamp): void {
    for (const [account, bucket] of this.#buckets) {
      this.#fill(bucket, now);
      if (bucket.tokens === this.#capacity) this.#buckets.delete(account);
    }
    this.#sweepAt = Math.max(MIN_SWEEP, this.#buckets.size * 2);
  }
}
