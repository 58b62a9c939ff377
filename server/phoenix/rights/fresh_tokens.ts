import type { PhoenixIdentity, TokenHookAnswer } from "./identity.ts";
import { Refusal } from "../refusal.ts";

/** What fresh tokens need of their socket. */
export interface FreshTokensSettings {
  /** What the application says to a token; left out, none is looked at. */
  readonly ask:
    | ((
      token: string,
    ) => TokenHookAnswer)
    | undefined;
  /**
   * Takes the identity that a token has brought.
   *
   * @param accepted Called once it has the place of the one before, and before
   * the client hears of what comes of that.
   * @throws {Refusal} If it may not take the place of the one before.
   */
  adopt(identity: PhoenixIdentity, accepted: () => void): void;
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
   * Takes a token that says who they are now. To be called again only when it
   * has answered, as the backlog of the socket sees to: of two at once the one
   * whose answer is slower would count, not the later one.
   *
   * @param token The token.
   * @param accepted Called once it is taken, before its client hears of what
   * comes of that: the end of the channel that they wait in for an answer.
   * @throws {Refusal} If the application finds something wrong with it, or it is
   * not theirs; then all is as before.
   */
  async take(token: string, accepted: () => void = () => {}): Promise<void> {
    // One goes to each channel.
    if (token === this.#latest) return accepted();
    const { ask, adopt, signal } = this.#settings;
    const answer = await ask?.(token);
    if (signal.aborted) throw new Refusal("the socket is closed", "closed");
    if (answer === undefined) return accepted();
    if (answer.reason !== undefined) {
      throw new Refusal(answer.reason, "refused");
    }
    adopt(answer, accepted);
    this.#latest = token;
  }
}
