import { assertUpdate } from "../core/assert.ts";
import type { Key, PresenceModel, PresenceUpdate } from "../core/mod.ts";
import type { PresenceStore } from "../store/mod.ts";
import { ContextAtCapacityError } from "./errors.ts";

/**
 * Checks that each context has room for the subjects of updates that are new to
 * it.
 *
 * @throws {InvalidValueError} If an update is not well-formed.
 * @throws {ContextAtCapacityError} If a context has no room.
 */
export function assertCapacity<M extends PresenceModel>(
  store: PresenceStore<M>,
  updates: readonly PresenceUpdate<M>[],
  maxSubjects: number,
): void {
  if (maxSubjects === Infinity) return;
  for (const update of updates) assertUpdate(update);
  const newcomers = new Map<Key, Set<Key>>();
  for (const { subject, context } of updates) {
    if (store.snapshots({ subject, context }).length > 0) continue;
    const inContext = newcomers.get(context) ?? new Set();
    newcomers.set(context, inContext.add(subject));
    const { subjects } = store.count(context);
    if (subjects + inContext.size > maxSubjects) {
      throw new ContextAtCapacityError(context, maxSubjects);
    }
  }
}
