import {
  entryKeyOf,
  type PresenceModel,
  type PresenceSnapshot,
  type VisibilityPolicy,
} from "../core/mod.ts";
import type { PresenceChange, VisibleChange } from "./change.ts";

/**
 * Returns a change as a reader with a policy sees it: the change itself, without
 * the previous snapshot if that was hidden; `hidden` if the entry was visible and
 * no longer is; or nothing.
 *
 * @typeParam M The application's model.
 * @param change The change.
 * @param visible What the reader may see.
 * @returns What the reader sees, `undefined` for nothing.
 */
export function visibleChange<M extends PresenceModel>(
  change: PresenceChange<M>,
  visible: VisibilityPolicy<M["label"], M["subject"]>,
): VisibleChange<M> | undefined {
  const { previous } = change;
  const sawPrevious = previous !== undefined && isVisible(previous, visible);
  if (change.type === "expired" || change.type === "withdrawn") {
    return sawPrevious ? change : undefined;
  }
  if (isVisible(change.snapshot, visible)) {
    if (sawPrevious || change.type === "facetsExpired") return change;
    return previous === undefined ? change : { ...change, previous: undefined };
  }
  if (!sawPrevious) return undefined;
  return {
    type: "hidden",
    sequence: change.sequence,
    key: entryKeyOf(previous),
  };
}

/** Reports whether a snapshot is visible under a policy, if there is one. */
export function isVisible<M extends PresenceModel>(
  snapshot: PresenceSnapshot<M>,
  visible: VisibilityPolicy<M["label"], M["subject"]> | undefined,
): boolean {
  return visible === undefined ||
    visible(snapshot.visibility, snapshot.subject);
}
