import { steadyNow } from "../../../core/mod.ts";
import { Limiter } from "./limiter.ts";

/** What says that a row is gone. */
export interface Marker {
  readonly key: string;
  readonly revision: number;
}

/** For how many milliseconds it is left there, at least. */
const LIFE_MS = 60_000;

/** For how many rounds, at least: leases name what was written a few ago. */
const LIFE_ROUNDS = 8;

/** How many may wait; of more the oldest ones go before their time. */
const MAX_MARKERS = 20_000;

/** How many are removed at once. */
const MAX_REMOVALS = 32;

/**
 * What a node has left where its rows were, so that their followers hear of it.
 * It cleans up after itself; a node that is gone has that done by its purge.
 */
export class Markers {
  readonly #remove: (marker: Marker) => Promise<void>;
  readonly #limiter = new Limiter(MAX_REMOVALS);
  #kept: (Marker & { readonly at: number; readonly round: number })[] = [];
  #round = 0;

  /**
   * Knows of none yet.
   *
   * @param remove Removes one.
   */
  constructor(remove: (marker: Marker) => Promise<void>) {
    this.#remove = remove;
  }

  /** Takes note of one. */
  add({ key, revision }: Marker): void {
    const at = steadyNow();
    this.#kept.push({ key, revision, at, round: this.#round });
  }

  /** Removes those whose time is over. */
  tidy(): void {
    this.#round++;
    const end = steadyNow() - LIFE_MS;
    const spare = this.#kept.length - MAX_MARKERS;
    const young = this.#kept.findIndex(({ at, round }, index) =>
      index >= spare && (at > end || round > this.#round - LIFE_ROUNDS)
    );
    const due = this.#kept.splice(0, young < 0 ? this.#kept.length : young);
    for (const marker of due) {
      // What can't be removed now is tried again.
      this.#limiter.run(() => this.#remove(marker))
        .catch(() => this.#kept.unshift(marker));
    }
  }

  /** Forgets all: the bucket has. */
  forget(): void {
    this.#kept = [];
  }
}
