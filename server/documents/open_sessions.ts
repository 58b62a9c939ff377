import type { DocumentSession } from "./document_session.ts";

/** Below this many it is not worth looking for sessions that are gone. */
const MIN_SWEEP = 1_024;

/**
 * The sessions that have not ended. One that has expired does not say so: those
 * are let go of when there are twice as many as there were.
 */
export class OpenSessions {
  readonly #sessions = new Set<DocumentSession>();
  #sweepAt = MIN_SWEEP;

  /** Takes note of a session. Amortised O(1). */
  add(session: DocumentSession): void {
    if (this.#sessions.size >= this.#sweepAt) this.#sweep();
    this.#sessions.add(session);
  }

  /** Forgets it. O(1). */
  delete(session: DocumentSession): void {
    this.#sessions.delete(session);
  }

  /** Has all of them leave. */
  leave(): void {
    for (const session of [...this.#sessions]) session[Symbol.dispose]();
  }

  #sweep(): void {
    for (const session of [...this.#sessions]) {
      // Whoever is not there does not leave by it, but ends.
      if (!session.isPresent) session[Symbol.dispose]();
    }
    this.#sweepAt = Math.max(MIN_SWEEP, 2 * this.#sessions.size);
  }
}
