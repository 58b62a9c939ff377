import type { Duration, Timestamp } from "../../core/mod.ts";

/** A context that nobody is interested in. */
interface Idle {
  /** Since when, in the time that it was looked for. */
  readonly since: Duration;
  /** Since when it waits to be let go. */
  waitsSince: Duration;
}

/**
 * Which contexts a node has to do with: it has entries of its own there, or
 * somebody watches, or has asked lately.
 */
export class Interest {
  /** The ids of the own entries, by context. */
  readonly own: Map<string, Set<string>> = new Map();
  readonly #watched = new Set<string>();
  /** Where there is neither, but there was something. */
  readonly #idle = new Map<string, Idle>();
  readonly #now: () => Timestamp;
  /** For how long it was looked after what is idle. */
  #lookedFor: Duration = 0;
  #lookedAt: Timestamp = Infinity;

  /** Makes one by a clock. */
  constructor(now: () => Timestamp) {
    this.#now = now;
  }

  /** Whether an entry is an own one. O(1). */
  isOwn(context: string, id: string): boolean {
    return this.own.get(context)?.has(id) ?? false;
  }

  /** Takes note of an own entry. O(1). */
  add(context: string, id: string): void {
    const ids = this.own.get(context) ?? new Set();
    this.own.set(context, ids.add(id));
    this.#idle.delete(context);
  }

  /** Takes note that it is no longer one. O(1). */
  delete(context: string, id: string): void {
    const ids = this.own.get(context);
    if (ids === undefined) return;
    ids.delete(id);
    if (ids.size > 0) return;
    this.own.delete(context);
    this.touch(context);
  }

  /** Takes note that somebody watches, or nobody does any more. O(1). */
  watched(context: string, isWatched: boolean): void {
    if (isWatched) {
      this.#watched.add(context);
      this.#idle.delete(context);
    } else {
      this.#watched.delete(context);
      this.touch(context);
    }
  }

  /** Takes note that somebody was interested just now. O(1). */
  touch(context: string): void {
    if (this.own.has(context) || this.#watched.has(context)) return;
    const since = this.#lookedFor;
    this.#idle.set(context, { since, waitsSince: since });
  }

  /**
   * Begins anew to wait for interest: so long nothing could be learned. What
   * nobody was interested in for so long already is not put off any more.
   */
  postpone(limit: Duration): void {
    const now = this.#lookedFor;
    for (const idle of this.#idle.values()) {
      if (now - idle.since <= limit) idle.waitsSince = now;
    }
  }

  /** The contexts that nobody is interested in now. */
  idle(): string[] {
    return [...this.#idle.keys()];
  }

  /** Forgets a context that nobody is interested in. O(1). */
  forget(context: string): void {
    this.#idle.delete(context);
  }

  /**
   * Takes out the contexts that nobody was interested in for so long. Time in
   * which nobody looked does not count, but for one interval.
   */
  takeIdle(duration: Duration, interval: Duration): string[] {
    const now = this.#now();
    const passed = Math.max(0, now - this.#lookedAt);
    this.#lookedFor += Math.min(passed, interval);
    this.#lookedAt = now;
    const idle = [...this.#idle]
      .filter(([, { waitsSince }]) => this.#lookedFor - waitsSince > duration)
      .map(([context]) => context);
    for (const context of idle) this.#idle.delete(context);
    return idle;
  }
}
