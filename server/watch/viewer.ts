import type {
  PresenceModel,
  Visibility,
  VisibilityPolicy,
} from "../../core/mod.ts";

/**
 * The rights of a reader, as data. Every viewer sees public entries, and the
 * entries of its own subject.
 */
export interface Viewer<M extends PresenceModel = PresenceModel> {
  /** The labels whose restricted entries the viewer sees. */
  readonly restricted: "all" | readonly M["label"][];
  /** Whether the viewer sees private entries. */
  readonly private: boolean;
  /** The viewer's own subject. */
  readonly subject?: M["subject"] | undefined;
}

/** A viewer that sees everything, for trusted code. The default of a watch. */
export const OMNISCIENT_VIEWER: {
  readonly restricted: "all";
  readonly private: true;
} = { restricted: "all", private: true };

/** A viewer that sees public entries only. */
export const PUBLIC_VIEWER: {
  readonly restricted: readonly never[];
  readonly private: false;
} = { restricted: [], private: false };

/** Returns a key for a viewer's rights without its subject; equal for equal rights. */
export function rightsKey(viewer: Viewer): string {
  const labels = viewer.restricted === "all"
    ? "all"
    : [...new Set(viewer.restricted)].sort();
  return JSON.stringify([viewer.private, labels]);
}

/**
 * Returns the policy by which a viewer reads: its rights, and its own entries.
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
 * Returns the policy by which a viewer reads, or `undefined` if the viewer sees
 * everything: a store counts faster without a policy.
 */
export function visibleTo<M extends PresenceModel>(
  viewer: Viewer<M>,
): VisibilityPolicy<M["label"], M["subject"]> | undefined {
  const seesAll = viewer.private && viewer.restricted === "all";
  return seesAll ? undefined : viewerPolicy(viewer);
}

/** Returns the policy of a viewer's rights alone, which equal keys share. */
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
