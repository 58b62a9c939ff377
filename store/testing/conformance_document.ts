/**
 * The documents of recorded runs of the reference, as their format describes
 * them.
 *
 * @module
 */

export interface RecordedAddress {
  subject: string;
  context: string;
  resource: string | null;
}

export interface RecordedKey extends RecordedAddress {
  origin: string;
}

export type RecordedVisibility = "public" | "private" | { restricted: string };

export type RecordedExpiry = "never" | { at: number };

export type RecordedFacetKind =
  | { kind: "availability" | "activity" | "last-seen" }
  | { kind: "extension"; ext: string };

export type RecordedFacet = RecordedFacetKind & { value: unknown };

export type RecordedFacetChange =
  | { set: RecordedFacet }
  | { clear: RecordedFacetKind };

interface RecordedTimes {
  visibility: RecordedVisibility;
  observedAt: number;
  expiry: RecordedExpiry;
}

export interface RecordedUpdate extends RecordedKey, RecordedTimes {
  changes: RecordedFacetChange[];
}

export interface RecordedSnapshot extends RecordedKey, RecordedTimes {
  facets: RecordedFacet[];
}

export interface RecordedHeadline {
  dominantResource: string | null;
  dominantOrigin: string;
  availability: string | null;
  activity: unknown;
}

export interface RecordedSummary extends RecordedHeadline {
  subject: string;
  context: string;
  observedAt: number;
  lastSeen: number | null;
  resources: { resource: string | null; origin: string }[];
  ambiguous?: true;
  alternatives?: RecordedHeadline[];
}

export interface RecordedGap {
  gap: {
    requestedSince: number;
    retainedFloorSequence: number;
    lastSequence: number;
  };
}

export type RecordedStatus = "pending" | "up-to-date" | RecordedGap;

export type RecordedRemoval = RecordedKey & { visibility: RecordedVisibility };

export interface ExpiredRun {
  firstSequence: number;
  lastSequence: number;
  entries: RecordedRemoval[];
}

export type RecordedChanges = { ok: (number | ExpiredRun)[] } | RecordedGap;

export interface RecordedState {
  len: number;
  lastSequence: number;
  retainedFloorSequence: number;
}

export interface RecordedBeacon extends RecordedKey {
  visibility: RecordedVisibility;
  expiryPolicy: "never" | { after: number };
}

type PolicyName = string | null;

interface WriteSteps {
  init: object;
  publish: { update: RecordedUpdate; sequence: number };
  publishAll: { updates: RecordedUpdate[]; sequences: number[] };
  publishBeacon: {
    beacon: RecordedBeacon;
    call: "updateAt" | "heartbeatAt";
    at: number;
    extraChanges: RecordedFacetChange[];
    update: RecordedUpdate;
    sequence: number;
  };
  expire: { now: number; removed: number; expired: ExpiredRun | null };
  compact: { through: number; removed: number };
}

interface ReadSteps {
  snapshot: {
    key: RecordedKey;
    policy: PolicyName;
    result: RecordedSnapshot | null;
  };
  snapshotsForAddress: {
    address: RecordedAddress;
    policy: PolicyName;
    result: RecordedSnapshot[];
  };
  snapshotsInContext: {
    context: string;
    policy: PolicyName;
    result: RecordedSnapshot[];
  };
  subjectSummary: {
    subject: string;
    context: string;
    policy: PolicyName;
    projection: string;
    result: RecordedSummary | null;
  };
  subjectSummaries: {
    context: string;
    policy: PolicyName;
    projection: string;
    result: RecordedSummary[];
  };
  changesSince: { since: number; policy: PolicyName; result: RecordedChanges };
  changeStatusSince: {
    since: number;
    policy: PolicyName;
    result: RecordedStatus;
  };
  cursorNew: {
    cursor: string;
    from: "zero" | "floor" | "current" | "sequence";
    sequence: number;
  };
  cursorPoll: {
    cursor: string;
    policy: PolicyName;
    cursorBefore: number;
    result: RecordedChanges;
    cursorAfter: number | { min: number; max: number };
  };
  cursorStatus: { cursor: string; policy: PolicyName; result: RecordedStatus };
  cursorReset: { cursor: string; to: number };
}

/** The record of a step of one kind, without the name of the kind. */
export type Recorded<Op extends keyof Steps> = Steps[Op];

type Steps =
  & { [Op in keyof WriteSteps]: WriteSteps[Op] & { state: RecordedState } }
  & ReadSteps;

/** One step of any kind. */
export type RecordedStep = {
  [Op in keyof Steps]: { op: Op } & Steps[Op];
}[keyof Steps];

export interface RecordedVisibilityPolicy {
  public: boolean;
  restricted: string[] | "*";
  private: boolean;
}

export interface RecordedProjectionPolicy {
  activityRanks: Record<string, number>;
  availabilityRanks: Record<string, number>;
}

export interface ConformanceDocument {
  format: "ruthere-conformance";
  version: 1;
  seed: number;
  driver: "store" | "server";
  keyPool: "plain" | "tricky";
  visibilityPolicies: Record<string, RecordedVisibilityPolicy>;
  projectionPolicies: Record<string, RecordedProjectionPolicy>;
  steps: RecordedStep[];
}
