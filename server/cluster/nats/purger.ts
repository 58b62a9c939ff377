import type { NodeLife } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import { lifeToken } from "./names.ts";

/** How many rows one step of a purge removes. */
const STEP_ROWS = 1_000;

/** How many rows one step looks at. */
const STEP_LOOKS = 20_000;

/** How many unfinished purges to remember; others may finish some of them. */
const MAX_BEGUN = 1_000;

/**
 * Removes what a life has written. It removes a row by its revision, and so
 * never one that somebody else has written since.
 */
export class Purger {
  readonly #bucket: Bucket;
  /** The revision at which each unfinished purge continues. */
  readonly #from = new Map<string, number>();

  /** Makes a purger that has begun nothing. */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Removes some rows of a life from all contexts.
   *
   * @returns Whether no row is left.
   */
  async purge(life: NodeLife): Promise<boolean> {
    const written = lifeToken(life);
    const found: number[] = [];
    let looks = 0;
    let next = this.#from.get(written) ?? 1;
    let isAll = true;
    await this.#bucket.scan(this.#bucket.names.rows(), (entry) => {
      next = entry.revision + 1;
      if (entry.life === written) found.push(entry.revision);
      isAll = ++looks < STEP_LOOKS && found.length < STEP_ROWS;
      return isAll;
    }, { from: next, isHeadersOnly: true });
    await this.#remove(found);
    if (isAll) this.#from.delete(written);
    else this.#continueAt(written, next);
    return isAll;
  }

  /** Removes the rows of a life from a context. */
  async sweep(context: string, life: NodeLife): Promise<void> {
    const written = lifeToken(life);
    const found: number[] = [];
    await this.#bucket.scan(this.#bucket.names.rows(context), (entry) => {
      if (entry.life === written) found.push(entry.revision);
    }, { isHeadersOnly: true });
    await this.#remove(found);
  }

  /** Forgets all purges, because the bucket has forgotten the rows. */
  forget(): void {
    this.#from.clear();
  }

  /** Remembers where a purge continues. */
  #continueAt(life: string, revision: number): void {
    this.#from.delete(life);
    this.#from.set(life, revision);
    const [oldest = ""] = this.#from.keys();
    if (this.#from.size > MAX_BEGUN) this.#from.delete(oldest);
  }

  async #remove(revisions: readonly number[]): Promise<void> {
    const removals = revisions.map((revision) => this.#bucket.remove(revision));
    await Promise.allSettled(removals);
    await Promise.all(removals);
  }
}
