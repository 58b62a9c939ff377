import type { Timestamp } from "../../core/mod.ts";

/** Lets so much pass a second, and twice as much at once. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: Timestamp;

  /** Makes a full bucket. */
  constructor(perSecond: number, now: Timestamp) {
    this.#perSecond = perSecond;
    this.#tokens = 2 * perSecond;
    this.#filledAt = now;
  }

  /** Takes tokens out; none, and `false`, if there are not so many. */
  take(now: Timestamp, count = 1): boolean {
    if (this.#perSecond === Infinity) return true;
    this.#fill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Whether nothing has been taken out that has not come back. */
  isFull(now: Timestamp): boolean {
    this.#fill(now);
    return this.#tokens === 2 * this.#perSecond;
  }

  #fill(now: Timestamp): void {
    const seconds = Math.max(0, now - this.#filledAt) / 1_000;
    this.#filledAt = now;
    this.#tokens = Math.min(
      2 * this.#perSecond,
      this.#tokens + seconds * this.#perSecond,
    );
  }

  /** Takes tokens out that may not be there: nothing passes until they are. */
  charge(count: number): void {
    this.#tokens -= count;
  }
}

/** Below so many buckets none is worth looking for those that are full. */
const MIN_SWEEP = 1_024;

/** A bucket for each subject, and one for all who have none. */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #buckets = new Map<string | undefined, TokenBucket>();
  #sweepAt = MIN_SWEEP;

  /** Makes it; all buckets are full. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Takes tokens out of a subject's bucket, or none, as a bucket does. */
  take(subject: string | undefined, now: Timestamp, count: number): boolean {
    const bucket = this.#buckets.get(subject) ?? this.#add(subject, now);
    return bucket.take(now, count);
  }

  #add(subject: string | undefined, now: Timestamp): TokenBucket {
    if (this.#buckets.size >= this.#sweepAt) this.#forgetFull(now);
    const bucket = new TokenBucket(this.#perSecond, now);
    this.#buckets.set(subject, bucket);
    return bucket;
  }

  /** A full bucket is as good as none. */
  #forgetFull(now: Timestamp): void {
    for (const [subject, bucket] of this.#buckets) {
      if (bucket.isFull(now)) this.#buckets.delete(subject);
    }
    this.#sweepAt = Math.max(MIN_SWEEP, this.#buckets.size * 2);
  }
}
