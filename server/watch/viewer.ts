import type {
  PresenceModel,
  Visibility,
  VisibilityPolicy,
} from "../../core/mod.ts";

/**
 * What somebody may see, as data. Public entries are visible to everybody, and
 * everybody sees the entries of the subject that they are.
 */
export interface Viewer<M extends PresenceModel = PresenceModel> {
  /** The labels whose restricted entries are visible. */
  readonly restricted: "all" | readonly M["label"][];
  /** Whether private entries are visible. */
  readonly private: boolean;
  /** The subject that the viewer is. */
  readonly subject?: M["subject"] | undefined;
}

/** Sees everything: for trusted code, and the default of a watch. */
export const OMNISCIENT_VIEWER: {
  readonly restricted: "all";
  readonly private: true;
} = { restricted: "all", private: true };

/** Sees public entries alone. */
export const PUBLIC_VIEWER: {
  readonly restricted: readonly never[];
  readonly private: false;
} = { restricted: [], private: false };

/**
 * Names the rights of a viewer, apart from the subject that it is. Equal
 * rights have equal keys.
 */
export function rightsKey(viewer: Viewer): string {
  const labels = viewer.restricted === "all"
    ? "all"
    : [...new Set(viewer.restricted)].sort();
  return JSON.stringify([viewer.private, labels]);
}

/**
 * Makes the policy by which a viewer reads: the rights, and one's own entries.
 *
 * @typeParam M The application's model.
 * @param viewer The viewer.
 * @returns The policy.
 *
 * @example Usage
 * ```ts
 * import { viewerPolicy } from "@ruthere/presence/server";
 * import { assert, assertFalse } from "@std/assert";
 *
 * const visible = viewerPolicy({ restricted: [], private: false, subject: "me" });
 * assert(visible("private", "me"));
 * assertFalse(visible("private", "somebody else"));
 * ```
 */
export function viewerPolicy<M extends PresenceModel = PresenceModel>(
  viewer: Viewer<M>,
): VisibilityPolicy<M["label"], M["subject"]> {
  const rights = rightsPolicy(viewer);
  const { subject: self } = viewer;
  if (self === undefined) return rights;
  return (visibility, subject) => subject === self || rights(visibility);
}

/**
 * The policy by which a viewer reads, `undefined` if nothing is hidden from it:
 * a store counts faster without a policy.
 */
export function visibleTo<M extends PresenceModel>(
  viewer: Viewer<M>,
): VisibilityPolicy<M["label"], M["subject"]> | undefined {
  const seesAll = viewer.private && viewer.restricted === "all";
  return seesAll ? undefined : viewerPolicy(viewer);
}

/** The policy of a viewer's rights alone: what viewers with equal keys share. */
export function rightsPolicy<M extends PresenceModel>(
  viewer: Viewer<M>,
): (visibility: Visibility<M["label"]>) => boolean {
  const { private: seesPrivate, restricted } = viewer;
  const labels = restricted === "all"
    ? undefined
    : new Set<M["label"]>(restricted);
  return (visibility) => {
    if (visibility === "public") return true;
    if (visibility === "private") return seesPrivate;
    return labels === undefined || labels.has(visibility.restricted);
  };
}
