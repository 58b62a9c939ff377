import type { Timestamp } from "../../../core/mod.ts";
import { callAt, endOf } from "../../internal.ts";
import { Refusal } from "../refusal.ts";
import type { PhoenixIdentity, TokenHookAnswer } from "./identity.ts";
import { isSame } from "./revocations.ts";

/** What a standing needs of its socket. */
export interface StandingSettings {
  /** The time. */
  readonly clock: () => Timestamp;
  /** Asks the application about a fresh token; left out, none is looked at. */
  readonly askToken: ((token: string) => TokenHookAnswer) | undefined;
  /** Aborted when the socket has ended. */
  readonly signal: AbortSignal;
  /** Called when the rights were revoked. */
  onRevoked(): void;
  /** Called when the rights have expired. */
  onExpired(): void;
  /**
   * Called when a fresh token has brought another identity.
   *
   * @param accepted To be called before the client learns the consequences.
   */
  onReplaced(accepted: () => void): void;
}

/** Who a socket belongs to now: a fresh token may bring a new identity. */
export class Standing {
  readonly #first: PhoenixIdentity;
  readonly #settings: StandingSettings;
  #identity: PhoenixIdentity;
  /** The token of the identity, unless it is the first identity. */
  #token: string | undefined;
  #expiry: Disposable | undefined;

  /** Makes it; it watches nothing before it begins. */
  constructor(identity: PhoenixIdentity, settings: StandingSettings) {
    this.#first = identity;
    this.#identity = identity;
    this.#settings = settings;
  }

  /** The identity. */
  get identity(): PhoenixIdentity {
    return this.#identity;
  }

  /** Begins to watch for the end of the identity's rights. */
  begin(): void {
    if (!this.checkRights()) return;
    const { signal, expiresAt = Infinity } = this.#identity;
    const { clock, onRevoked, onExpired } = this.#settings;
    signal?.addEventListener("abort", onRevoked);
    this.#expiry = callAt(expiresAt, clock, onExpired);
  }

  /**
   * Reports whether the rights stand, and ends the socket if they do not: while
   * the machine was asleep, no timer has ended it.
   */
  checkRights(): boolean {
    const { clock, onRevoked, onExpired } = this.#settings;
    const end = endOf(this.#identity, clock());
    if (end === "revoked") onRevoked();
    if (end === "expired") onExpired();
    return end === undefined;
  }

  /** Whether the application looks at fresh tokens. */
  get takesTokens(): boolean {
    return this.#settings.askToken !== undefined;
  }

  /**
   * Takes a token that says who the client is now. Must not be called again
   * before it has answered, which the backlog ensures: of two at once, the one
   * with the slower answer would count, not the later one.
   *
   * @param token The token.
   * @param accepted Called once it is taken, before the client learns the
   * consequences, such as the end of the channel where it waits for an answer.
   * @throws {Refusal} If the application refuses it, it is of another subject,
   * or its rights have ended; nothing changes then.
   */
  async refresh(token: string, accepted: () => void = () => {}): Promise<void> {
    // The client sends the same one in each channel.
    if (token === this.#token) return accepted();
    const { askToken, onReplaced, signal } = this.#settings;
    const answer = await askToken?.(token);
    if (signal.aborted) throw new Refusal("the socket is closed", "closed");
    if (answer === undefined) return accepted();
    if (answer.reason !== undefined) {
      throw new Refusal(answer.reason, "refused");
    }
    this.#replace(answer);
    onReplaced(accepted);
    this.#token = token;
  }

  #replace(identity: PhoenixIdentity): void {
    if (identity.subject !== this.#identity.subject) {
      throw new Refusal("the token is not yours", "refused");
    }
    const end = endOf(identity, this.#settings.clock());
    if (end !== undefined) {
      const what = end === "revoked" ? "been revoked" : "expired";
      throw new Refusal(`the token has ${what}`, "refused");
    }
    this.release();
    this.#identity = identity;
    this.begin();
  }

  /** Reports whether it belongs to an identity, by its first or its latest. */
  isOf(identity: PhoenixIdentity): boolean {
    return isSame(this.#first, identity) || isSame(this.#identity, identity);
  }

  /** Stops watching. */
  release(): void {
    this.#expiry?.[Symbol.dispose]();
    const { onRevoked } = this.#settings;
    this.#identity.signal?.removeEventListener("abort", onRevoked);
  }
}
