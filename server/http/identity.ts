import type { Key, Visibility } from "../../core/mod.ts";
import {
  assertText,
  endOf,
  type Identity,
  type RightsEnd,
  visibleTo,
} from "../internal.ts";
import { OMNISCIENT_VIEWER, type Viewer } from "../mod.ts";

/** The author of a request. Only the trusted actor has no origin. */
export interface Actor extends Omit<Identity, "origin" | "reason"> {
  readonly origin?: string | undefined;
  readonly visible?:
    | ((visibility: Visibility, subject: Key) => boolean)
    | undefined;
  /** The account that quotas count for: the subject, or without one the origin. */
  readonly account: string;
  /** Returns how its rights have ended; `undefined` if they have not. */
  end(): RightsEnd | undefined;
}

/** The author of all requests to a handler without `authorize`. */
export const TRUSTED_ACTOR: Actor = {
  viewer: OMNISCIENT_VIEWER,
  account: "",
  end: () => undefined,
  canRead: () => true,
  canWrite: () => true,
};

/**
 * Converts an identity to an actor.
 *
 * @param identity The identity.
 * @param clock The clock of the server.
 * @returns The actor.
 * @throws {InvalidValueError} If the origin or the subject is not a well-formed
 * string.
 */
export function actorOf(identity: Identity, clock: () => number): Actor {
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
