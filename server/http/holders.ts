import { type EntryKey, entryKeyOf } from "../../core/mod.ts";
import { SweepLimit } from "../internal.ts";
import type { Actor } from "./identity.ts";
import type { ServedPresence } from "./served.ts";

/** A signal that is aborted when rights are taken away. */
interface Right {
  readonly signal: AbortSignal;
  /** The entries that were published with it, by their names; never empty. */
  readonly entries: Map<string, EntryKey>;
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
  readonly #held = new Map<string, Right>();
  readonly #rights = new Map<AbortSignal, Right>();
  readonly #sweepLimit = new SweepLimit();

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
      if (this.#held.get(name)?.signal === signal) continue;
      this.#release(name);
      if (signal !== undefined) this.#hold(name, entryKeyOf(entry), signal);
    }
    this.#sweepLimit.apply(this.#held, () => this.#sweep());
    // An end that came while it was published is not told again.
    if (signal?.aborted) this.#rights.get(signal)?.end();
  }

  #hold(name: string, key: EntryKey, signal: AbortSignal): void {
    let right = this.#rights.get(signal);
    if (right === undefined) {
      const entries = new Map<string, EntryKey>();
      right = { signal, entries, end: () => this.#withdraw(entries) };
      signal.addEventListener("abort", right.end, { once: true });
      this.#rights.set(signal, right);
    }
    right.entries.set(name, key);
    this.#held.set(name, right);
  }

  /** Takes away what was published with a right. */
  #withdraw(entries: ReadonlyMap<string, EntryKey>): void {
    for (const [name, key] of entries) {
      this.#release(name);
      if (!this.#server.closed) this.#server.withdraw(key);
    }
  }

  /** Forgets an entry, and a signal that no entry is left of. */
  #release(name: string): void {
    const right = this.#held.get(name);
    if (right === undefined) return;
    this.#held.delete(name);
    right.entries.delete(name);
    if (right.entries.size > 0) return;
    right.signal.removeEventListener("abort", right.end);
    this.#rights.delete(right.signal);
  }

  /** Most of them have ended by themselves, or were withdrawn. */
  #sweep(): void {
    const { store } = this.#server;
    for (const { entries } of this.#rights.values()) {
      for (const [name, key] of entries) {
        if (store.snapshot(key) === undefined) this.#release(name);
      }
    }
  }
}

/** Names an entry: equal keys have equal names. */
export function entryName(
  { subject, context, resource, origin }: EntryKey,
): string {
  return JSON.stringify([subject, context, resource, origin]);
}
