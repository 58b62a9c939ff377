import type { NodeLife } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import { Limiter } from "./limiter.ts";
import { token } from "./names.ts";

/** How many rows one step of a purge removes. */
const STEP_ROWS = 1_000;

/** How many rows one step looks at. */
const STEP_LOOKS = 20_000;

/** How many are removed at once. */
const MAX_REMOVALS = 64;

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
    const key = this.#bucket.names.ended(life);
    const epoch = token(life.epoch);
    const found: number[] = [];
    let looks = 0;
    let next = this.#from.get(key) ?? 1;
    let isAll = true;
    await this.#bucket.scan(this.#bucket.names.rows(), (entry) => {
      next = entry.revision + 1;
      if (entry.epoch === epoch) found.push(entry.revision);
      isAll = ++looks < STEP_LOOKS && found.length < STEP_ROWS;
      return isAll;
    }, { from: next, isHeadersOnly: true });
    await this.#remove(found);
    if (isAll) this.#from.delete(key);
    else this.#from.set(key, next);
    return isAll;
  }

  /** Removes the rows of a life from a context. */
  async sweep(context: string, life: NodeLife): Promise<void> {
    const epoch = token(life.epoch);
    const found: number[] = [];
    await this.#bucket.scan(this.#bucket.names.rows(context), (entry) => {
      if (entry.epoch === epoch) found.push(entry.revision);
    }, { isHeadersOnly: true });
    await this.#remove(found);
  }

  /** Begins all purges anew: the bucket has forgotten. */
  forget(): void {
    this.#from.clear();
  }

  async #remove(revisions: readonly number[]): Promise<void> {
    const removals = revisions.map((revision) =>
      this.#limiter.run(() => this.#bucket.remove(revision))
    );
    const results = await Promise.allSettled(removals);
    for (const result of results) {
      if (result.status === "rejected") throw result.reason;
    }
  }
}
