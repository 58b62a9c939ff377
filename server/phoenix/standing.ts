import type { Timestamp } from "../../core/mod.ts";
import { callAt } from "../http/mod.ts";
import type { PhoenixIdentity } from "./identity.ts";
import { isSame } from "./revocations.ts";

/** What comes of it when the rights of an identity end. */
export interface StandingEvents {
  /** They were taken away. */
  onRevoked(): void;
  /** They have ended by themselves. */
  onExpired(): void;
}

/** Whether an identity has ended by itself; what is no time has as well. */
export function hasExpired(
  { expiresAt }: PhoenixIdentity,
  now: Timestamp,
): boolean {
  return expiresAt !== undefined && !(now < expiresAt);
}

/** Who a socket belongs to now: a fresh token may bring a new identity. */
export class Standing {
  readonly #first: PhoenixIdentity;
  readonly #clock: () => Timestamp;
  readonly #events: StandingEvents;
  #identity: PhoenixIdentity;
  #expiry: Disposable | undefined;

  /** Nothing comes of it before it begins. */
  constructor(
    identity: PhoenixIdentity,
    clock: () => Timestamp,
    events: StandingEvents,
  ) {
    this.#first = identity;
    this.#identity = identity;
    this.#clock = clock;
    this.#events = events;
  }

  /** The identity. */
  get identity(): PhoenixIdentity {
    return this.#identity;
  }

  /** Begins to heed the ends of the identity, of which one may have come. */
  begin(): void {
    const { signal, expiresAt = Infinity } = this.#identity;
    if (signal?.aborted) return this.#events.onRevoked();
    if (hasExpired(this.#identity, this.#clock())) {
      return this.#events.onExpired();
    }
    signal?.addEventListener("abort", this.#onAbort);
    this.#expiry = callAt(
      expiresAt,
      this.#clock,
      () => this.#events.onExpired(),
    );
  }

  /** Heeds another identity from now on, and this one no more. */
  replace(identity: PhoenixIdentity): void {
    this.release();
    this.#identity = identity;
    this.begin();
  }

  /** Whether it is somebody's, by what they came with or by what they have. */
  isOf(identity: PhoenixIdentity): boolean {
    return isSame(this.#first, identity) || isSame(this.#identity, identity);
  }

  /** Lets it not end by itself any more; it still can be taken away. */
  stopExpiry(): void {
    this.#expiry?.[Symbol.dispose]();
    this.#expiry = undefined;
  }

  /** Heeds nothing any more. */
  release(): void {
    this.stopExpiry();
    this.#identity.signal?.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => this.#events.onRevoked();
}
