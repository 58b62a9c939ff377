import { type EntryKey, entryKeyOf } from "../../core/mod.ts";
import type { Actor } from "./identity.ts";
import type { ServedPresence } from "./served.ts";

/** With fewer than this there is nothing to win by looking. */
const MIN_SWEEP = 1_024;

/** An entry that goes when rights are taken away. */
interface Held {
  readonly key: EntryKey;
  readonly right: Right;
}

/** A signal that is aborted when rights are taken away. */
interface Right {
  readonly signal: AbortSignal;
  /** The names of the entries that were published with it; never empty. */
  readonly names: Set<string>;
  /** What listens to the signal. */
  readonly end: () => void;
}

/**
 * The entries that were published with rights which can be taken away: they go
 * then. The latest publish of an entry counts. There are as many at most as
 * there are entries, or twice that.
 */
export class Holders {
  readonly #server: ServedPresence;
  readonly #held = new Map<string, Held>();
  readonly #rights = new Map<AbortSignal, Right>();
  #sweepAt = MIN_SWEEP;

  /** Makes it for what is held at a server. */
  constructor(server: ServedPresence) {
    this.#server = server;
  }

  /** How many entries are remembered. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Takes note of what somebody has just published. Amortised O(1) an entry,
   * whoever shares their origin.
   */
  add({ signal }: Pick<Actor, "signal">, published: readonly EntryKey[]): void {
    // Mostly there is nothing to remember, and nothing to forget.
    if (signal === undefined && this.#held.size === 0) return;
    for (const entry of published) {
      const name = entryName(entry);
      if (this.#held.get(name)?.right.signal === signal) continue;
      this.#release(name);
      if (signal !== undefined) this.#hold(name, entryKeyOf(entry), signal);
    }
    this.#sweep();
    // An end that came while it was published is not told again.
    if (signal?.aborted) this.#rights.get(signal)?.end();
  }

  #hold(name: string, key: EntryKey, signal: AbortSignal): void {
    let right = this.#rights.get(signal);
    if (right === undefined) {
      const names = new Set<string>();
      right = { signal, names, end: () => this.#withdraw(names) };
      signal.addEventListener("abort", right.end, { once: true });
      this.#rights.set(signal, right);
    }
    right.names.add(name);
    this.#held.set(name, { key, right });
  }

  /** Takes away what was published with a right. */
  #withdraw(names: ReadonlySet<string>): void {
    for (const name of names) {
      const held = this.#held.get(name);
      this.#release(name);
      if (held === undefined || this.#server.closed) continue;
      this.#server.withdraw(held.key);
    }
  }

  /** Forgets an entry, and a signal that no entry is left of. */
  #release(name: string): void {
    const right = this.#held.get(name)?.right;
    if (right === undefined) return;
    this.#held.delete(name);
    right.names.delete(name);
    if (right.names.size > 0) return;
    right.signal.removeEventListener("abort", right.end);
    this.#rights.delete(right.signal);
  }

  /** Most of them have ended by themselves, or were withdrawn. */
  #sweep(): void {
    if (this.#held.size < this.#sweepAt) return;
    const { store } = this.#server;
    for (const [name, { key }] of this.#held) {
      if (store.snapshot(key) === undefined) this.#release(name);
    }
    this.#sweepAt = Math.max(2 * this.#held.size, MIN_SWEEP);
  }
}

/** Names an entry: equal keys have equal names. */
export function entryName(
  { subject, context, resource, origin }: EntryKey,
): string {
  return JSON.stringify([subject, context, resource, origin]);
}
