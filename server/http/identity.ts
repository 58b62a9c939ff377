import {
  isKey,
  type Key,
  type Timestamp,
  type Visibility,
} from "../../core/mod.ts";
import { OMNISCIENT_VIEWER, type Viewer, viewerPolicy } from "../mod.ts";

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

/** An identity as the handler uses it; without an origin it is the trusted one. */
export interface Actor {
  readonly subject: string | undefined;
  readonly origin: string | undefined;
  readonly viewer: Viewer;
  readonly visible:
    | ((visibility: Visibility, subject: Key) => boolean)
    | undefined;
  readonly signal: AbortSignal | undefined;
  readonly expiresAt: Timestamp | undefined;
  /** Whose share is used up: the subject's, or else the origin's. */
  readonly account: string;
  /** How its rights have ended, if they have by now. */
  end(): RightsEnd | undefined;
  canRead(context: Key): boolean;
  canWrite(context: Key): boolean;
}

/** What everybody is to a handler without `authorize`. */
export const TRUSTED_ACTOR: Actor = {
  subject: undefined,
  origin: undefined,
  viewer: OMNISCIENT_VIEWER,
  visible: undefined,
  signal: undefined,
  expiresAt: undefined,
  account: "",
  end: () => undefined,
  canRead: () => true,
  canWrite: () => true,
};

/**
 * Takes an identity as an actor; the clock is that of the server.
 *
 * @throws {TypeError} If it is none, which types can't tell of JavaScript.
 */
export function actorOf(identity: Identity, clock: () => Timestamp): Actor {
  const { subject, origin, signal, expiresAt } = identity;
  assertName(origin, "origin");
  if (subject !== undefined) assertName(subject, "subject");
  const viewer: Viewer = {
    restricted: identity.viewer.restricted,
    private: identity.viewer.private === true,
    subject: identity.viewer.subject ?? subject,
  };
  // Without a policy the store counts without looking at each entry.
  const seesAll = viewer.private && viewer.restricted === "all";
  return {
    subject,
    origin,
    viewer,
    visible: seesAll ? undefined : viewerPolicy(viewer),
    signal,
    expiresAt,
    account: JSON.stringify(subject === undefined ? { origin } : { subject }),
    end: () => endOf({ signal, expiresAt }, clock()),
    canRead: (context) => identity.canRead(context) === true,
    canWrite: (context) => identity.canWrite(context) === true,
  };
}

function assertName(value: unknown, field: string): void {
  if (typeof value === "string" && isKey(value)) return;
  throw new TypeError(
    `Cannot authorize request: identity.${field} must be a well-formed string`,
  );
}
