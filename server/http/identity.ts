import type { Key, Timestamp, Visibility } from "../../core/mod.ts";
import {
  assertText,
  endOf,
  type Identity,
  type RightsEnd,
  visibleTo,
} from "../internal.ts";
import { OMNISCIENT_VIEWER, type Viewer } from "../mod.ts";

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
  const action = "authorize request";
  assertText(origin, "identity.origin", action);
  if (subject !== undefined) assertText(subject, "identity.subject", action);
  const viewer: Viewer = {
    restricted: identity.viewer.restricted,
    private: identity.viewer.private === true,
    subject: identity.viewer.subject ?? subject,
  };
  return {
    subject,
    origin,
    viewer,
    visible: visibleTo(viewer),
    signal,
    expiresAt,
    account: JSON.stringify(subject === undefined ? { origin } : { subject }),
    end: () => endOf({ signal, expiresAt }, clock()),
    canRead: (context) => identity.canRead(context) === true,
    canWrite: (context) => identity.canWrite(context) === true,
  };
}
