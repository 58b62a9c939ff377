/**
 * Converts the values of a document into values of the package, and back.
 *
 * @module
 */

import type {
  Activity,
  Availability,
  EntryKey,
  Expiry,
  FacetName,
  FacetPatch,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type { Gap, ProjectionPolicy, SubjectSummary } from "../mod.ts";
import type {
  RecordedExpiry,
  RecordedFacet,
  RecordedFacetChange,
  RecordedFacetKind,
  RecordedGap,
  RecordedHeadline,
  RecordedKey,
  RecordedProjectionPolicy,
  RecordedRemoval,
  RecordedSnapshot,
  RecordedSummary,
  RecordedUpdate,
  RecordedVisibilityPolicy,
} from "./conformance_document.ts";

/** The model of the recorded runs. */
export interface RecordedModel extends PresenceModel {
  subject: string;
  context: string;
  resource: string;
  origin: string;
  facets: { focus: number; cursor: { line: number; column: number } };
}

/** The name of a facet in a document, by its name in the package. */
const KINDS: Record<FacetName<RecordedModel>, RecordedFacetKind> = {
  activity: { kind: "activity" },
  availability: { kind: "availability" },
  cursor: { kind: "extension", ext: "cursor" },
  focus: { kind: "extension", ext: "focus" },
  lastSeen: { kind: "last-seen" },
};

function nameOf(facet: RecordedFacetKind): FacetName<RecordedModel> {
  const ext = "ext" in facet ? facet.ext : undefined;
  for (const [name, kind] of Object.entries(KINDS)) {
    if (kind.kind !== facet.kind) continue;
    if (!("ext" in kind) || kind.ext === ext) {
      return name as FacetName<RecordedModel>;
    }
  }
  throw new Error(`unknown facet ${JSON.stringify(facet)}`);
}

// From a document

export function toAddress<A extends { resource: string | null }>(
  recorded: A,
): Omit<A, "resource"> & { resource: string | undefined } {
  return { ...recorded, resource: recorded.resource ?? undefined };
}

/** Folds a change list into a patch: the last change of a kind wins. */
export function toPatch(
  changes: RecordedFacetChange[],
): FacetPatch<RecordedModel> {
  return Object.fromEntries(
    changes.map((change) =>
      "set" in change
        ? [nameOf(change.set), change.set.value]
        : [nameOf(change.clear), null]
    ),
  );
}

export function toUpdate(
  { changes, ...recorded }: RecordedUpdate,
): PresenceUpdate<RecordedModel> {
  const { expiry } = recorded;
  return {
    ...toAddress(recorded),
    expiry: expiry === "never" ? expiry : expiry.at,
    facets: toPatch(changes),
  };
}

export function toVisibilityPolicy(
  recorded: RecordedVisibilityPolicy,
): VisibilityPolicy {
  return (visibility) =>
    typeof visibility === "string"
      ? recorded[visibility]
      : recorded.restricted === "*" ||
        recorded.restricted.includes(visibility.restricted);
}

export function toProjectionPolicy(
  { activityRanks, availabilityRanks }: RecordedProjectionPolicy,
): ProjectionPolicy {
  const rank = (ranks: Record<string, number>, name: string) => {
    const found = ranks[name];
    if (found !== undefined) return found;
    throw new Error(`no rank for "${name}"`);
  };
  return {
    activityRank: (activity = undefined) =>
      rank(
        activityRanks,
        typeof activity === "object" ? "custom" : activity ?? "none",
      ),
    availabilityRank: (availability) =>
      rank(availabilityRanks, availability ?? "none"),
  };
}

export const ACTIVITIES: readonly (Activity | undefined)[] = [
  undefined,
  "idle",
  "observing",
  "navigating",
  "editing",
  "presenting",
  "acting",
  { custom: 0 },
  { custom: 65535 },
];

export const AVAILABILITIES: readonly (Availability | undefined)[] = [
  undefined,
  "available",
  "busy",
  "away",
  "offline",
  "unknown",
];

// Into a document

export function recordKey(key: EntryKey<RecordedModel>): RecordedKey {
  const { subject, context, resource, origin } = key;
  return { subject, context, resource: resource ?? null, origin };
}

export function recordExpiry(expiry: Expiry): RecordedExpiry {
  return expiry === "never" ? expiry : { at: expiry };
}

/** The record of an update, with its change list folded. */
export function recordUpdate(
  update: PresenceUpdate<RecordedModel>,
): Omit<RecordedUpdate, "changes"> & { patch: FacetPatch<RecordedModel> } {
  return {
    ...recordKey(update),
    visibility: update.visibility,
    observedAt: update.observedAt,
    expiry: recordExpiry(update.expiry),
    patch: update.facets,
  };
}

export function recordSnapshot(
  snapshot: PresenceSnapshot<RecordedModel>,
): RecordedSnapshot {
  return {
    ...recordRemoval(snapshot),
    observedAt: snapshot.observedAt,
    expiry: recordExpiry(snapshot.expiry),
    facets: Object.entries(snapshot.facets)
      .map(([name, value]): RecordedFacet => ({
        ...KINDS[name as FacetName<RecordedModel>],
        value,
      }))
      .sort((a, b) => compare(facetOrder(a), facetOrder(b))),
  };
}

export function recordRemoval(
  snapshot: PresenceSnapshot<RecordedModel>,
): RecordedRemoval {
  return { ...recordKey(snapshot), visibility: snapshot.visibility };
}

/** The fields of a summary that no tie affects. */
export function recordCertainties(
  summary: SubjectSummary<RecordedModel>,
): Omit<RecordedSummary, keyof RecordedHeadline> {
  return {
    subject: summary.subject,
    context: summary.context,
    observedAt: summary.observedAt,
    lastSeen: summary.lastSeen ?? null,
    resources: summary.snapshots.map(({ resource, origin }) => ({
      resource: resource ?? null,
      origin,
    })),
  };
}

/** The fields of a summary that a tie may affect. */
export function recordHeadline(
  summary: SubjectSummary<RecordedModel>,
): RecordedHeadline {
  return {
    dominantResource: summary.dominant.resource ?? null,
    dominantOrigin: summary.dominant.origin,
    availability: summary.availability ?? null,
    activity: summary.activity ?? null,
  };
}

export function recordGap(gap: Gap): RecordedGap {
  return {
    gap: {
      requestedSince: gap.requested.sequence,
      retainedFloorSequence: gap.retainedFloorSequence,
      lastSequence: gap.last.sequence,
    },
  };
}

/** Sorts objects by their key, or a part of one, as documents do. */
export function sortByKey<K extends Partial<RecordedKey>>(
  values: readonly K[],
): K[] {
  return values.toSorted((a, b) =>
    compare(a.subject, b.subject) ||
    compare(a.context, b.context) ||
    compare(a.resource, b.resource) ||
    compare(a.origin, b.origin)
  );
}

function compare(
  a: string | null | undefined,
  b: string | null | undefined,
): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  return a < b ? -1 : 1;
}

function facetOrder(facet: RecordedFacet): string {
  return facet.kind === "extension" ? `extension ${facet.ext}` : facet.kind;
}
