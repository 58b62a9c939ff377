import type { PhoenixIdentity } from "./identity.ts";
import { Refusal } from "../refusal.ts";

/**
 * Reports whether an identity may read a topic. Anything but `true` is a no, such
 * as a promise, which JavaScript may return.
 */
export function mayRead(identity: PhoenixIdentity, topic: string): boolean {
  return identity.canRead(topic) === true;
}

/** Reports whether an identity may write to all of some contexts; likewise. */
export function mayWrite(
  identity: PhoenixIdentity,
  contexts: readonly string[],
): boolean {
  return contexts.every((context) => identity.canWrite(context) === true);
}

/**
 * Asserts that an identity may write to all of some contexts.
 *
 * @param instead What it may do instead, if anything.
 * @throws {Refusal} If it may not.
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
