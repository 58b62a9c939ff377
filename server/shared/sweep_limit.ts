/** With fewer items than this, a sweep is not worth it. */
const LEAST = 1_024;

/**
 * Decides when to sweep a collection for items that are over: each time it has
 * doubled since the last sweep, so that a sweep costs O(1) for each addition.
 */
export class SweepLimit {
  #limit = LEAST;

  /** Sweeps a collection if it has reached the limit. */
  apply(collection: { readonly size: number }, sweep: () => void): void {
    if (collection.size < this.#limit) return;
    sweep();
    this.#limit = Math.max(LEAST, 2 * collection.size);
  }
}
