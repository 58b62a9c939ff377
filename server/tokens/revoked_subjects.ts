import type { Timestamp } from "../../core/mod.ts";

/** The largest number of revocations that are remembered one by one. */
const MAX_REMEMBERED = 100_000;

/** A revocation. */
interface Revocation {
  /** The wall time until which issued tokens are refused. */
  readonly issuedUntil: Timestamp;
  /**
   * The steady time when the last of these tokens has expired. A wall clock that
   * was wrong and is set back must not make a token valid again.
   */
  readonly forgettable: Timestamp;
}

/**
 * The subjects whose tokens were revoked, until these tokens have expired. If
 * there are too many to remember, the oldest revocation applies to all subjects:
 * they need a new token then, but no revoked token is let in.
 */
export class RevokedSubjects {
  readonly #lifetimeMs: number;
  readonly #maxRemembered: number;
  readonly #revocations = new Map<string, Revocation>();
  #everybodys: Timestamp = -Infinity;

  /** Creates it for tokens with a largest lifetime. */
  constructor(lifetimeMs: number, maxRemembered: number = MAX_REMEMBERED) {
    this.#lifetimeMs = lifetimeMs;
    this.#maxRemembered = maxRemembered;
  }

  /** The number of subjects that are remembered. */
  get size(): number {
    return this.#revocations.size;
  }

  /**
   * Revokes the tokens of a subject that were issued until a time. Amortized O(1).
   *
   * @param subject The subject.
   * @param until The wall time of the last revoked token.
   * @param now The current wall time.
   * @param steadyNow The current steady time.
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
    // The map is ordered by the time to forget, except after a clock was set.
    this.#revocations.delete(subject);
    this.#revocations.set(subject, { issuedUntil, forgettable });
    this.#forget(steadyNow);
  }

  /** Reports whether a token of a subject with a time of issue is revoked. O(1). */
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
