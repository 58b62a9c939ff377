import type { Timestamp } from "../../core/mod.ts";

/** More revocations than this are not told apart. */
const MAX_REMEMBERED = 100_000;

/** A revocation. */
interface Revocation {
  /** Tokens that were issued until then are not taken: wall time. */
  readonly issuedUntil: Timestamp;
  /**
   * When the last of them has expired by itself: steady time. A clock that was
   * wrong, and is set back, must not bring a token back to life.
   */
  readonly forgettable: Timestamp;
}

/**
 * Whose tokens were revoked, as long as that matters. When there are more than
 * can be remembered, the oldest one is taken for everybody's: they need a new
 * token then, and nobody is let in who should not be.
 */
export class RevokedSubjects {
  readonly #lifetimeMs: number;
  readonly #maxRemembered: number;
  readonly #revocations = new Map<string, Revocation>();
  #everybodys: Timestamp = -Infinity;

  /** Makes it for tokens that live so long at most. */
  constructor(lifetimeMs: number, maxRemembered: number = MAX_REMEMBERED) {
    this.#lifetimeMs = lifetimeMs;
    this.#maxRemembered = maxRemembered;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#revocations.size;
  }

  /**
   * Revokes what a subject was issued until a time. Amortised O(1).
   *
   * @param until The time, which is wall time.
   * @param now The wall time now.
   * @param steadyNow The steady time now.
   */
  add(
    subject: string,
    until: Timestamp,
    now: Timestamp,
    steadyNow: Timestamp,
  ): void {
    const former = this.#revocations.get(subject)?.issuedUntil ?? -Infinity;
    const issuedUntil = Math.max(former, until);
    const forgettable = steadyNow + (issuedUntil - now) + this.#lifetimeMs;
    // Those that can be forgotten first stand first, as a rule.
    this.#revocations.delete(subject);
    this.#revocations.set(subject, { issuedUntil, forgettable });
    this.#forget(steadyNow);
  }

  /** Whether a token was revoked that a subject was issued at a time. O(1). */
  includes(subject: string, issuedAt: Timestamp): boolean {
    const { issuedUntil = -Infinity } = this.#revocations.get(subject) ?? {};
    return issuedAt <= Math.max(issuedUntil, this.#everybodys);
  }

  #forget(now: Timestamp): void {
    for (const [subject, { issuedUntil, forgettable }] of this.#revocations) {
      if (forgettable > now) {
        if (this.#revocations.size <= this.#maxRemembered) return;
        this.#everybodys = Math.max(this.#everybodys, issuedUntil);
      }
      this.#revocations.delete(subject);
    }
  }
}
