import type { PresenceModel, PresenceSnapshot } from "../../core/mod.ts";

/**
 * Groups entries by subject, in the order in which each subject first occurs.
 * `Map.groupBy()` would need Node 21.
 */
export function bySubject<M extends PresenceModel>(
  snapshots: readonly PresenceSnapshot<M>[],
): Map<M["subject"], PresenceSnapshot<M>[]> {
  const groups = new Map<M["subject"], PresenceSnapshot<M>[]>();
  for (const snapshot of snapshots) {
    const own = groups.get(snapshot.subject);
    if (own === undefined) groups.set(snapshot.subject, [snapshot]);
    else own.push(snapshot);
  }
  return groups;
}
