import type { Timestamp } from "../../core/mod.ts";
import { SweepLimit } from "./sweep_limit.ts";

/** How fast tokens return to a bucket, and how many it holds. */
export interface TokenRate {
  /** Tokens that return each second. */
  readonly perSecond: number;
  /** Tokens in a full bucket. */
  readonly capacity: number;
}

/** Limits a rate: an action takes tokens, which return with time. */
export class TokenBucket {
  readonly #rate: TokenRate;
  #tokens: number;
  #filledAt: Timestamp;

  /** Makes a full bucket. */
  constructor(rate: TokenRate, now: Timestamp) {
    this.#rate = rate;
    this.#tokens = rate.capacity;
    this.#filledAt = now;
  }

  /**
   * Takes tokens, unless there are too few.
   *
   * @returns 0 if they were taken, otherwise the seconds until there are
   * enough.
   */
  take(now: Timestamp, count = 1): number {
    this.#fill(now);
    const missing = count - this.#tokens;
    if (missing > 0) return missing / this.#rate.perSecond;
    this.#tokens -= count;
    return 0;
  }

  /** Takes tokens even if there are too few; `take()` fails until they return. */
  charge(count: number): void {
    this.#tokens -= count;
  }

  /** Reports whether all tokens have returned. */
  isFull(now: Timestamp): boolean {
    this.#fill(now);
    return this.#tokens === this.#rate.capacity;
  }

  #fill(now: Timestamp): void {
    const elapsed = now - this.#filledAt;
    this.#filledAt = now;
    // A clock may have been set back. Without a limit, 0 * Infinity is NaN.
    if (elapsed <= 0) return;
    const { perSecond, capacity } = this.#rate;
    const more = elapsed / 1_000 * perSecond;
    this.#tokens = Math.min(capacity, this.#tokens + more);
  }
}

/** A bucket for each account, and one for all callers without an account. */
export class TokenBuckets {
  readonly #rate: TokenRate;
  readonly #buckets = new Map<string | undefined, TokenBucket>();
  readonly #sweepLimit = new SweepLimit();

  /** Makes an empty set of buckets; each new bucket is full. */
  constructor(rate: TokenRate) {
    this.#rate = rate;
  }

  /** Takes tokens from the bucket of an account, like {@linkcode TokenBucket}. */
  take(account: string | undefined, now: Timestamp, count = 1): number {
    const bucket = this.#buckets.get(account) ?? this.#add(account, now);
    return bucket.take(now, count);
  }

  #add(account: string | undefined, now: Timestamp): TokenBucket {
    this.#sweepLimit.apply(this.#buckets, () => this.#removeFull(now));
    const bucket = new TokenBucket(this.#rate, now);
    this.#buckets.set(account, bucket);
    return bucket;
  }

  /** Removes full buckets: a new one would be the same. */
  #removeFull(now: Timestamp): void {
    for (const [account, bucket] of this.#buckets) {
      if (bucket.isFull(now)) this.#buckets.delete(account);
    }
  }
}
