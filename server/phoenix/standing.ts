import type { Timestamp } from "../../core/mod.ts";
import { callAt, endOf } from "../internal.ts";
import type { PhoenixIdentity } from "./identity.ts";
import { Refusal } from "./refusal.ts";
import { isSame } from "./revocations.ts";

/** What comes of it when the rights of an identity end. */
export interface StandingEvents {
  /** They were taken away. */
  onRevoked(): void;
  /** They have ended by themselves. */
  onExpired(): void;
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
    if (!this.stands()) return;
    const { signal, expiresAt = Infinity } = this.#identity;
    signal?.addEventListener("abort", this.#onAbort);
    this.#expiry = callAt(
      expiresAt,
      this.#clock,
      () => this.#events.onExpired(),
    );
  }

  /**
   * Whether the rights stand; if they have ended by now, that comes of it. No
   * timer has told of it while the machine has slept.
   */
  stands(): boolean {
    const end = endOf(this.#identity, this.#clock());
    if (end === "revoked") this.#events.onRevoked();
    if (end === "expired") this.#events.onExpired();
    return end === undefined;
  }

  /**
   * Heeds a fresh identity from now on, and the former no more.
   *
   * @throws {Refusal} If it is of somebody else, or has ended.
   */
  replace(identity: PhoenixIdentity): void {
    if (identity.subject !== this.#identity.subject) {
      throw new Refusal("the token is not yours", "refused");
    }
    const end = endOf(identity, this.#clock());
    if (end === "revoked") {
      throw new Refusal("the token has been revoked", "refused");
    }
    if (end === "expired") {
      throw new Refusal("the token has expired", "refused");
    }
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
