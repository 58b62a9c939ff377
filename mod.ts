/**
 * Who or what is here right now? Presence for people, bots, devices and
 * shipments that can be in several places at once.
 *
 * This module exports the main names of six modules, and needs no npm package;
 * each module (`@ruthere/presence/store`, …) exports all of its names.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon, PresenceStore, restricted } from "@ruthere/presence";
 * import { assertEquals } from "@std/assert";
 *
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   resource: "browser-tab",
 *   origin: "session/browser",
 *   visibility: restricted("doc-members"),
 *   expiry: { after: 60 },
 * });
 * const store = new PresenceStore();
 * const sequence = store.publish(
 *   beacon.heartbeatAt(100, { availability: "available", activity: "editing" }),
 * );
 * const summary = store.subjectSummary("alice", "doc-42");
 *
 * assertEquals(sequence, 1);
 * assertEquals(summary?.activity, "editing");
 * ```
 *
 * @module
 */

// core: the vocabulary.
export {
  type Activity,
  type Availability,
  compareEntryKeys,
  compareKeys,
  type Duration,
  type EntryKey,
  entryKeyOf,
  type Expiry,
  type FacetDeadlines,
  type FacetPatch,
  type Facets,
  InvalidValueError,
  type PresenceAddress,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  restricted,
  sameVisibility,
  steadyNow,
  type Timestamp,
  type Visibility,
  type VisibilityPolicy,
} from "./core/mod.ts";

// store: one in-memory store, without a clock.
export {
  type ChangesResult,
  type ChangeStatus,
  DEFAULT_PROJECTION,
  type PresenceChange,
  type PresenceCount,
  PresenceStore,
  type PresenceStoreOptions,
  type ProjectionPolicy,
  type Sequence,
  type SnapshotQuery,
  StaleUpdateError,
  type SubjectSummary,
  summarize,
  type VisibleChange,
  WatcherCursor,
} from "./store/mod.ts";

// server: a store with a clock and watchers. beacon: what publishes to it.
export {
  type BaselineBatch,
  type ChangesBatch,
  ContextAtCapacityError,
  OMNISCIENT_VIEWER,
  type PresenceBatch,
  type PresenceIngress,
  PresenceServer,
  type PresenceServerOptions,
  PresenceView,
  type PresenceViewEvent,
  type PresenceWatch,
  PUBLIC_VIEWER,
  ServerClosedError,
  type Viewer,
  viewerPolicy,
  type WatchOptions,
} from "./server/mod.ts";
export {
  ActivityMonitor,
  type ActivityMonitorOptions,
  type ExpiryPolicy,
  type FacetExpiry,
  type Heartbeat,
  type HeartbeatOptions,
  monitorActivity,
  PresenceBeacon,
  type PresenceBeaconOptions,
  startHeartbeat,
  Throttle,
  type ThrottleOptions,
  TypingDetector,
  type TypingDetectorOptions,
} from "./beacon/mod.ts";

// server/topics: topics, keys and metas; the same as pure functions of a state.
export {
  connectionCount,
  countPresences,
  entryCount,
  entryMetas,
  InProcessChannels,
  isPresent,
  joinDiffJson,
  type JoinEvent,
  leaveDiffJson,
  type LeaveEvent,
  listMirror,
  listState,
  makeMeta,
  metaData,
  metaPid,
  newState,
  type PresenceEntry,
  PresenceHandle,
  type PresenceMeta,
  type PresenceMirror,
  type PresenceState,
  syncDiff,
  syncState,
  type TopicEntry,
  type TopicEvent,
  type TopicMeta,
  type TopicModel,
  TopicPresence,
  type TopicPresenceOptions,
  type TrackOptions,
  trackState,
  untrackState,
  type UpdateEvent,
  type WireDiff,
} from "./server/topics/mod.ts";

// server/documents: people in documents.
export {
  type ActiveUsers,
  colorOf,
  type DocumentActivity,
  DocumentAtCapacityError,
  type DocumentCounts,
  type DocumentEvent,
  type DocumentMessage,
  type DocumentModel,
  DocumentPresence,
  type DocumentPresenceOptions,
  DocumentSession,
  type DocumentUser,
  type JoinOptions,
  UserNotFoundError,
} from "./server/documents/mod.ts";
