import type { Bucket } from "./bucket.ts";
import type { News } from "./entry.ts";

/**
 * A subscription to changes of keys. If the bucket republishes, it is a plain
 * subscription, which costs little, outlasts the bucket, and receives a change
 * together with the answer to the write. If not, it is a consumer on the server,
 * which is made again when the bucket or the server may have lost it.
 */
export class Feed {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #take: (news: News) => void;
  #stop: (() => void) | undefined;
  #isRepublished = false;
  #starting: Promise<void> | undefined;
  #isStopped = false;

  /** Makes a feed that has not begun. */
  constructor(bucket: Bucket, key: string, take: (news: News) => void) {
    this.#bucket = bucket;
    this.#key = key;
    this.#take = take;
  }

  /** Begins, unless it has; resolves when it receives every later change. */
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

  /** Whether it outlasts the bucket. */
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
      this.#stop = this.#bucket.listen(this.#key, this.#take);
      return await this.#bucket.reach();
    }
    const stop = await this.#bucket.consume(this.#key, this.#take);
    if (this.#isStopped) stop();
    else this.#stop = stop;
  }
}
