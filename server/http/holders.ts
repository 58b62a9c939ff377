import { type EntryKey, entryKeyOf } from "../../core/mod.ts";
import { SweepLimit } from "../internal.ts";
import type { Actor } from "./identity.ts";
import type { ServedPresence } from "./served.ts";

/** A signal that is aborted when rights are revoked. */
interface Right {
  readonly signal: AbortSignal;
  /** The entries that were published with it, by name; never empty. */
  readonly entries: Map<string, EntryKey>;
  /** The listener of the signal. */
  readonly end: () => void;
}

/**
 * Remembers which entries were published with which rights, and withdraws them
 * when the rights are revoked. The latest publish of an entry counts. It
 * remembers at most about twice as many entries as the server has.
 */
export class Holders {
  readonly #server: ServedPresence;
  readonly #held = new Map<string, Right>();
  readonly #rights = new Map<AbortSignal, Right>();
  readonly #sweepLimit = new SweepLimit();

  /** Creates a memory of the entries of a server. */
  constructor(server: ServedPresence) {
    this.#server = server;
  }

  /** The number of entries that are remembered. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Remembers entries that an actor has just published. Amortized O(1) an entry,
   * however many actors share an origin.
   */
  add({ signal }: Pick<Actor, "signal">, published: readonly EntryKey[]): void {
    // Most often there is nothing to remember, and nothing to forget.
    if (signal === undefined && this.#held.size === 0) return;
    for (const entry of published) {
      const name = entryName(entry);
      if (this.#held.get(name)?.signal === signal) continue;
      this.#release(name);
      if (signal !== undefined) this.#hold(name, entryKeyOf(entry), signal);
    }
    this.#sweepLimit.apply(this.#held, () => this.#sweep());
    // A signal that was aborted while its entries were published does not fire
    // again.
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

  /** Withdraws the entries that were published with a right. */
  #withdraw(entries: ReadonlyMap<string, EntryKey>): void {
    for (const [name, key] of entries) {
      this.#release(name);
      if (!this.#server.closed) this.#server.withdraw(key);
    }
  }

  /** Forgets an entry, and its signal with the last entry. */
  #release(name: string): void {
    const right = this.#held.get(name);
    if (right === undefined) return;
    this.#held.delete(name);
    right.entries.delete(name);
    if (right.entries.size > 0) return;
    right.signal.removeEventListener("abort", right.end);
    this.#rights.delete(right.signal);
  }

  /** Forgets the entries that have expired or were withdrawn. */
  #sweep(): void {
    const { store } = this.#server;
    for (const { entries } of this.#rights.values()) {
      for (const [name, key] of entries) {
        if (store.snapshot(key) === undefined) this.#release(name);
      }
    }
  }
}

/** Returns the name of an entry: equal keys have equal names. */
export function entryName(
  { subject, context, resource, origin }: EntryKey,
): string {
  return JSON.stringify([subject, context, resource, origin]);
}
