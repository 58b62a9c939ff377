import type { Key, Timestamp } from "../../core/mod.ts";
import type { Viewer } from "../watch/viewer.ts";

/**
 * The author of a request and their rights. The application decides both; a
 * client's own claims do not count.
 */
export interface Identity {
  /**
   * Their subject. All their updates are of it, and they see its entries
   * whatever the label. Without a subject they may publish for any subject, as
   * a gateway does, but only by their own origin. A gateway is trusted not to
   * use up the quota of the subjects that it publishes for.
   */
  readonly subject?: string | undefined;
  /** The origin of all their updates: their session or their service. */
  readonly origin: string;
  /** Their rights to see entries. */
  readonly viewer: Viewer;
  /**
   * Abort it to revoke the identity, for instance when their rights change. It
   * ends their open streams at once, refuses with 401 each pending request that
   * has not taken effect, and withdraws each entry that was last published with
   * this signal. An entry that was published again with another signal, or with
   * none, stays. The client reconnects, and gets what it may see then.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * When the identity expires, as a token does, in Unix milliseconds of the
   * server's clock. Then their open streams end, their entries expire unless
   * they were published again with a later expiry, and their requests are
   * refused with 401. Without it, the identity does not expire.
   */
  readonly expiresAt?: Timestamp | undefined;
  /** Distinguishes an identity from {@linkcode Unauthorized}. */
  readonly reason?: undefined;
  /** Reports whether they may read a context. Only `true` allows it. */
  canRead(context: Key): boolean;
  /** Reports whether they may publish to a context. Only `true` allows it. */
  canWrite(context: Key): boolean;
}

/** The reason why a client gets no identity. */
export interface Unauthorized {
  /** The text for the client, such as `"the token has expired"`. */
  readonly reason: string;
}

/** How an identity has ended: its signal was aborted, or it has expired. */
export type RightsEnd = "revoked" | "expired";

/**
 * Returns how an identity has ended, by one rule for all faces.
 *
 * @param identity The identity. One whose `expiresAt` is `NaN` has expired.
 * @param now The current time of the server's clock.
 * @returns How it has ended; `undefined` if it has not.
 */
export function endOf(
  { signal, expiresAt }: Pick<Identity, "expiresAt" | "signal">,
  now: Timestamp,
): RightsEnd | undefined {
  if (signal?.aborted) return "revoked";
  return expiresAt === undefined || now < expiresAt ? undefined : "expired";
}
