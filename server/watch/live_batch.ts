import {
  type EntryKey,
  entryKeyOf,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
} from "../../core/mod.ts";
import { reduce } from "../../store/internal.ts";
import type { VisibleChange } from "../../store/mod.ts";
import type { PresenceBatch } from "./batch.ts";
import { EntryMap } from "../entry_map.ts";
import type { PresenceView, ViewBatch, ViewChange } from "./presence_view.ts";

/** An object without its context, which is the topic. */
type InTopic<T> = Omit<T, "context">;

/** A part of the entries of a context, for a live client. */
export interface LiveState<M extends PresenceModel = PresenceModel> {
  /** Distinguishes a state from changes. */
  readonly type: "state";
  /** The number of this part, from 0. */
  readonly part: number;
  /** Whether this is the last part. */
  readonly last: boolean;
  /** The entries of this part. */
  readonly entries: readonly InTopic<PresenceSnapshot<M>>[];
}

/** What has changed in a context, for a live client. */
export interface LiveChanges<M extends PresenceModel = PresenceModel> {
  /** Distinguishes changes from a state. */
  readonly type: "changes";
  /** The changes, in order. */
  readonly changes: readonly LiveChange<M>[];
}

/**
 * A change of an entry: it is as a snapshot says, or as the client knows it with
 * an update, or it is gone.
 */
export type LiveChange<M extends PresenceModel = PresenceModel> =
  | { readonly set: InTopic<PresenceSnapshot<M>> }
  | { readonly update: InTopic<PresenceUpdate<M>> }
  | { readonly gone: InTopic<EntryKey<M>> };

/** A batch as a live client receives it. */
export type LiveBatch<M extends PresenceModel = PresenceModel> =
  & (LiveState<M> | LiveChanges<M>)
  & {
    /** The name of the server's life. */
    readonly epoch: string;
    /** The last change that is included. */
    readonly sequence: number;
  };

/** Converts a batch of a watch of one context. O(batch). */
export function liveBatchOf<M extends PresenceModel>(
  batch: PresenceBatch<M>,
): LiveBatch<M> {
  const { position } = batch;
  if (batch.type === "changes") {
    const changes = batch.changes.map((change) => liveChangeOf(change));
    return { type: "changes", changes, ...position };
  }
  const { part, last } = batch;
  const entries = batch.snapshots.map((snapshot) => withoutContext(snapshot));
  return { type: "state", part, last, entries, ...position };
}

function liveChangeOf<M extends PresenceModel>(
  change: VisibleChange<M>,
): LiveChange<M> {
  switch (change.type) {
    case "published": {
      const { previous, snapshot, update } = change;
      // A patch of what the client has is much smaller.
      if (previous === undefined) return { set: withoutContext(snapshot) };
      const { facetDeadlines: _, ...rest } = update;
      return { update: withoutContext(rest) };
    }
    case "facetsExpired":
      return { set: withoutContext(change.snapshot) };
    case "hidden":
      return { gone: withoutContext(change.key) };
    default:
      return { gone: withoutContext(entryKeyOf(change.previous)) };
  }
}

/**
 * Converts a batch back, for the mirror of its receiver. O(batch).
 *
 * @param batch The next batch.
 * @param context The context.
 * @param view The mirror, which has applied the batches before.
 * @throws {RangeError} If it updates an entry that the mirror lacks: a batch is
 * missing.
 */
export function batchOfLive<M extends PresenceModel>(
  batch: LiveBatch<M>,
  context: M["context"],
  view: Pick<PresenceView<M>, "snapshot">,
): ViewBatch<M> {
  const { epoch, sequence } = batch;
  const position = { epoch, sequence };
  if (batch.type === "state") {
    const { part, last, entries } = batch;
    const snapshots = entries.map((entry) => snapshotIn(context, entry));
    return { type: "baseline", part, last, snapshots, position };
  }
  /** The entries that changes before have changed; `undefined` if gone. */
  const latest = new EntryMap<M, PresenceSnapshot<M> | undefined>();
  const changes = batch.changes.map((change): ViewChange<M> => {
    if ("gone" in change) {
      const key = keyIn(context, change.gone);
      latest.set(key, undefined);
      return { type: "hidden", key };
    }
    const snapshot = "set" in change
      ? snapshotIn(context, change.set)
      : patched(change.update, (key) =>
        latest.has(key) ? latest.get(key) : view.snapshot(key));
    latest.set(snapshot, snapshot);
    return { type: "published", snapshot };
  });
  return { type: "changes", changes, position };

  function patched(
    update: InTopic<PresenceUpdate<M>>,
    known: (key: EntryKey<M>) => PresenceSnapshot<M> | undefined,
  ): PresenceSnapshot<M> {
    const key = keyIn(context, update);
    const former = known(key);
    if (former === undefined) {
      throw new RangeError("Cannot apply update: its entry is not known");
    }
    const { visibility, observedAt, expiry, facets } = update;
    const whole = { ...key, visibility, observedAt, expiry, facets };
    return reduce(key, former.facets, whole);
  }
}

/** Reports whether a payload is a batch. Its entries are not checked. */
export function isLiveBatch<M extends PresenceModel>(
  payload: object,
): payload is LiveBatch<M> {
  return "type" in payload &&
    (payload.type === "state" && "entries" in payload &&
        Array.isArray(payload.entries) ||
      payload.type === "changes" && "changes" in payload &&
        Array.isArray(payload.changes));
}

function snapshotIn<M extends PresenceModel>(
  context: M["context"],
  entry: InTopic<PresenceSnapshot<M>>,
): PresenceSnapshot<M> {
  const { visibility, observedAt, expiry, facets } = entry;
  const key = keyIn(context, entry);
  return { ...key, visibility, observedAt, expiry, facets };
}

/** JSON has no `undefined`: the resource may be missing. */
function keyIn<M extends PresenceModel>(
  context: M["context"],
  { subject, resource, origin }: InTopic<EntryKey<M>>,
): EntryKey<M> & Pick<PresenceSnapshot<M>, "resource"> {
  return { subject, context, resource, origin };
}

function withoutContext<T extends { readonly context: unknown }>(
  { context: _, ...rest }: T,
): InTopic<T> {
  return rest;
}
