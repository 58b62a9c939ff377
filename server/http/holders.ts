import type { Actor } from "./identity.ts";
import type { ServedPresence } from "./served.ts";

/** With fewer than this there is nothing to win by looking. */
const MIN_SWEEP = 1_024;

/** Somebody who has published. */
interface Holder {
  /** Aborted when their rights are taken away; the latest one counts. */
  readonly signal: AbortSignal;
  /** Whether something of theirs is there. */
  holds(): boolean;
  /** Heeds the signal no more. */
  release(): void;
}

/**
 * Those who hold something, and whose rights can be taken away: what they hold
 * goes then. There are as many at most as there are entries, or twice that.
 */
export class Holders {
  readonly #server: ServedPresence;
  readonly #holders = new Map<string, Holder>();
  #sweepAt = MIN_SWEEP;

  /** Makes it for what is held at a server. */
  constructor(server: ServedPresence) {
    this.#server = server;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#holders.size;
  }

  /** Takes note that somebody has published. Amortised O(1). */
  add({ subject, origin, signal }: Actor): void {
    if (origin === undefined) return;
    const name = JSON.stringify([origin, subject]);
    const former = this.#holders.get(name);
    if (former?.signal === signal) return;
    former?.release();
    this.#holders.delete(name);
    if (signal === undefined) return;
    if (former === undefined) this.#sweep();
    const theirs = () => this.#server.store.snapshots({ subject, origin });
    const withdraw = () => {
      this.#holders.delete(name);
      if (this.#server.closed) return;
      for (const snapshot of theirs()) this.#server.withdraw(snapshot);
    };
    signal.addEventListener("abort", withdraw, { once: true });
    this.#holders.set(name, {
      signal,
      holds: () => theirs().length > 0,
      release: () => signal.removeEventListener("abort", withdraw),
    });
  }

  /** What most of them held has ended by itself. */
  #sweep(): void {
    if (this.#holders.size < this.#sweepAt) return;
    for (const [name, holder] of this.#holders) {
      if (holder.holds()) continue;
      holder.release();
      this.#holders.delete(name);
    }
    this.#sweepAt = Math.max(2 * this.#holders.size, MIN_SWEEP);
  }
}
