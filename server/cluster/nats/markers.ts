import { steadyNow } from "../../../core/mod.ts";

/** The value that marks a row as removed. */
export interface Marker {
  readonly key: string;
  readonly revision: number;
}

/** How long a marker stays at least, in milliseconds. */
const LIFE_MS = 60_000;

/** How many renewals it stays at least: leases name recent writes. */
const LIFE_ROUNDS = 8;

/** How many may wait; beyond that, the oldest ones are removed early. */
const MAX_MARKERS = 20_000;

/**
 * The markers that a node has left in place of its rows, so that followers
 * notice the removal. The node removes them itself; a purge does it for a node
 * that is gone.
 */
export class Markers {
  readonly #remove: (marker: Marker) => Promise<void>;
  #kept: (Marker & { readonly at: number; readonly round: number })[] = [];
  #round = 0;

  /**
   * Makes an empty list.
   *
   * @param remove Removes a marker.
   */
  constructor(remove: (marker: Marker) => Promise<void>) {
    this.#remove = remove;
  }

  /** Adds a marker. */
  add({ key, revision }: Marker): void {
    const at = steadyNow();
    this.#kept.push({ key, revision, at, round: this.#round });
  }

  /** Removes the markers that are old enough. Call it with each renewal. */
  tidy(): void {
    this.#round++;
    const end = steadyNow() - LIFE_MS;
    const spare = this.#kept.length - MAX_MARKERS;
    const young = this.#kept.findIndex(({ at, round }, index) =>
      index >= spare && (at > end || round > this.#round - LIFE_ROUNDS)
    );
    const due = this.#kept.splice(0, young < 0 ? this.#kept.length : young);
    for (const marker of due) {
      // The next call tries again.
      this.#remove(marker).catch(() => this.#kept.unshift(marker));
    }
  }

  /** Forgets all markers, because the bucket has. */
  forget(): void {
    this.#kept = [];
  }
}
