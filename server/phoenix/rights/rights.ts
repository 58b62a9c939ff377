import type { PhoenixIdentity } from "./identity.ts";
import { Refusal } from "../refusal.ts";

/**
 * Whether somebody may read a topic. Anything but `true` is a no: the promise
 * that JavaScript may give is.
 */
export function mayRead(identity: PhoenixIdentity, topic: string): boolean {
  return identity.canRead(topic) === true;
}

/** Whether somebody may write to all of some contexts; likewise. */
export function mayWrite(
  identity: PhoenixIdentity,
  contexts: readonly string[],
): boolean {
  return contexts.every((context) => identity.canWrite(context) === true);
}

/**
 * Makes sure that somebody may read a topic.
 *
 * @throws {Refusal} If they may not.
 */
export function assertMayRead(identity: PhoenixIdentity, topic: string): void {
  if (mayRead(identity, topic)) return;
  throw new Refusal("unauthorized", "unauthorized");
}

/**
 * Makes sure that somebody may write to all of some contexts.
 *
 * @param instead What they may do, if there is something.
 * @throws {Refusal} If they may not.
 */
export function assertMayWrite(
  identity: PhoenixIdentity,
  contexts: readonly string[],
  instead?: string,
): void {
  if (mayWrite(identity, contexts)) return;
  const advice = instead === undefined ? "" : `: ${instead}`;
  throw new Refusal(`unauthorized to publish here${advice}`, "unauthorized");
}
