import type { NodeLife } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import { Limiter } from "./limiter.ts";
import { lifeToken } from "./names.ts";

/** How many rows one step of a purge removes. */
const STEP_ROWS = 1_000;

/** How many rows one step looks at. */
const STEP_LOOKS = 20_000;

/** How many are removed at once. */
const MAX_REMOVALS = 64;

/** How many purges are gone on with; others may have finished some of them. */
const MAX_BEGUN = 1_000;

/**
 * Removes what a life has written. A row is removed by its revision: one that
 * somebody else has written since is another one.
 */
export class Purger {
  readonly #bucket: Bucket;
  readonly #limiter = new Limiter(MAX_REMOVALS);
  /** From which revision on a life is yet to be looked for. */
  readonly #from = new Map<string, number>();

  /** Has begun no purge. */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Removes some rows of a life from all contexts.
   *
   * @returns Whether that was all.
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
    else this.#goOnFrom(written, next);
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

  /** Begins all purges anew: the bucket has forgotten. */
  forget(): void {
    this.#from.clear();
  }

  /** Takes note of where a purge goes on, of those that were begun last. */
  #goOnFrom(life: string, revision: number): void {
    this.#from.delete(life);
    this.#from.set(life, revision);
    const [oldest = ""] = this.#from.keys();
    if (this.#from.size > MAX_BEGUN) this.#from.delete(oldest);
  }

  async #remove(revisions: readonly number[]): Promise<void> {
    const removals = revisions.map((revision) =>
      this.#limiter.run(() => this.#bucket.remove(revision))
    );
    await Promise.allSettled(removals);
    await Promise.all(removals);
  }
}
