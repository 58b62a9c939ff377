import type { Bucket } from "./bucket.ts";

/** What was written to a key. */
export interface News {
  /** The key. */
  readonly key: string;
  /** The revision of the change. */
  readonly revision: number;
  /** Whether the key was deleted. */
  readonly isRemoved: boolean;
  /** The value. */
  readonly value: string;
}

/**
 * Hears what is written to keys. A bucket that republishes is heard by a plain
 * subscription, which costs little, outlasts the bucket, and is told with the
 * answer to the write. One that does not is heard by a consumer on the server:
 * it is made again when the bucket or the server may have lost it.
 */
export class Feed {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #hear: (news: News) => void;
  #stop: (() => void) | undefined;
  #isRepublished = false;
  #starting: Promise<void> | undefined;
  #isStopped = false;

  /** Makes a feed that hears nothing yet. */
  constructor(bucket: Bucket, key: string, hear: (news: News) => void) {
    this.#bucket = bucket;
    this.#key = key;
    this.#hear = hear;
  }

  /** Begins, if it has not yet, and waits until it hears all that is written. */
  ready(): Promise<void> {
    if (this.#stop !== undefined && this.#isRepublished) {
      return this.#bucket.reach();
    }
    this.#starting ??= this.#start().catch((error) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Whether it outlasts the bucket, and goes on by itself. */
  get isLasting(): boolean {
    return this.#isRepublished && this.#bucket.isRepublishing;
  }

  /** Begins again. */
  restart(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    this.#starting = undefined;
    return this.ready();
  }

  /** Ends it. */
  stop(): void {
    this.#isStopped = true;
    this.#stop?.();
  }

  async #start(): Promise<void> {
    if (this.#isStopped) return;
    this.#isRepublished = this.#bucket.isRepublishing;
    if (this.#isRepublished) {
      this.#stop = this.#bucket.listen(this.#key, this.#hear);
      return await this.#bucket.reach();
    }
    const stop = await this.#bucket.consume(this.#key, this.#hear);
    if (this.#isStopped) stop();
    else this.#stop = stop;
  }
}
