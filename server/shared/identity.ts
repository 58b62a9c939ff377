import type { Key, Timestamp } from "../../core/mod.ts";
import type { Viewer } from "../watch/viewer.ts";

/**
 * Who a request comes from, and what they may do. Whoever serves people says
 * so here; what a client says of itself counts for nothing.
 */
export interface Identity {
  /**
   * The subject that they are. All their updates are of it, and what it has
   * published is visible to them, whatever the label. Without one they may
   * speak for any subject, as a gateway does, though only by their own origin;
   * it is trusted not to use up the share of those it speaks for.
   */
  readonly subject?: string | undefined;
  /** The origin of all their updates: their session, or the service they are. */
  readonly origin: string;
  /** What they may see. */
  readonly viewer: Viewer;
  /**
   * Ends their open streams at once, refuses with 401 what is under way and has
   * not taken effect, and withdraws each entry that was last published with it:
   * an entry that has been published again with another signal, or with none,
   * stays. Abort it when their rights change: they come back, and get what they
   * may see then.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * When it ends, as a token does: in Unix milliseconds by the server's clock.
   * Their open streams end then, what they have published has expired unless
   * it was published again with a later end, and what is asked with it is
   * refused with 401. Left out, it does not end by itself.
   */
  readonly expiresAt?: Timestamp | undefined;
  /** What a refusal has. */
  readonly reason?: undefined;
  /** Whether they may learn of a context; anything but `true` is a no. */
  canRead(context: Key): boolean;
  /** Whether they may publish into a context; anything but `true` is a no. */
  canWrite(context: Key): boolean;
}

/** Why somebody is not let in who has said who they are. */
export interface Unauthorized {
  /** What the client is told: `"the token has expired"`. */
  readonly reason: string;
}

/** How the rights of an identity have ended: taken away, or by themselves. */
export type RightsEnd = "revoked" | "expired";

/**
 * Tells how the rights of an identity have ended: the one rule for all faces.
 *
 * @param identity Whose rights. One that ends at what is no time has expired.
 * @param now The present, by the server's clock.
 * @returns How; `undefined` if they have not.
 */
export function endOf(
  { signal, expiresAt }: Pick<Identity, "expiresAt" | "signal">,
  now: Timestamp,
): RightsEnd | undefined {
  if (signal?.aborted) return "revoked";
  return expiresAt === undefined || now < expiresAt ? undefined : "expired";
}
