import type { PhoenixIdentity, Rejection } from "./identity.ts";
import { Refusal } from "./refusal.ts";

/** What fresh tokens need of their socket. */
export interface FreshTokensSettings {
  /** What the application says to a token; left out, none is looked at. */
  readonly ask:
    | ((
      token: string,
    ) =>
      | PhoenixIdentity
      | Rejection
      | undefined
      | Promise<PhoenixIdentity | Rejection | undefined>)
    | undefined;
  /**
   * Takes the identity that a token has brought.
   *
   * @throws {Refusal} If it may not take the place of the one before.
   */
  adopt(identity: PhoenixIdentity): void;
  /** Aborted when the socket is no more. */
  readonly signal: AbortSignal;
}

/** The tokens that a client brings after it has connected. */
export class FreshTokens {
  readonly #settings: FreshTokensSettings;
  /** What the identity has come with, if it is not the first one. */
  #latest: string | undefined;

  /** Makes it; nothing has been brought yet. */
  constructor(settings: FreshTokensSettings) {
    this.#settings = settings;
  }

  /** Whether the application looks at them. */
  get areHeeded(): boolean {
    return this.#settings.ask !== undefined;
  }

  /**
   * Takes a token that says who they are now.
   *
   * @throws {Refusal} If the application finds something wrong with it, or it is
   * not theirs; then all is as before.
   */
  async take(token: string): Promise<void> {
    // One goes to each channel.
    if (token === this.#latest) return;
    const { ask, adopt, signal } = this.#settings;
    const answer = await ask?.(token);
    if (signal.aborted) throw new Refusal("the socket is closed", "closed");
    if (answer === undefined) return;
    if (answer.reason !== undefined) {
      throw new Refusal(answer.reason, "refused");
    }
    adopt(answer);
    this.#latest = token;
  }
}
