import {
  assert,
  assertArrayIncludes,
  assertEquals,
  AssertionError,
  assertStrictEquals,
} from "@std/assert";
import { PresenceBeacon } from "../../beacon/mod.ts";
import type { PresenceUpdate, VisibilityPolicy } from "../../core/mod.ts";
import {
  type ChangesResult,
  type ChangeStatus,
  DEFAULT_PROJECTION,
  PresenceStore,
  type ProjectionPolicy,
  type SubjectSummary,
  type VisibleChange,
  type WatcherCursor,
} from "../mod.ts";
import type {
  ConformanceDocument,
  ExpiredRun,
  Recorded,
  RecordedChanges,
  RecordedStatus,
  RecordedStep,
  RecordedSummary,
} from "./conformance_document.ts";
import {
  ACTIVITIES,
  AVAILABILITIES,
  recordCertainties,
  type RecordedModel,
  recordGap,
  recordHeadline,
  recordRemoval,
  recordSnapshot,
  recordUpdate,
  sortByKey,
  toAddress,
  toPatch,
  toProjectionPolicy,
  toUpdate,
  toVisibilityPolicy,
} from "./conformance_values.ts";

type Change = VisibleChange<RecordedModel>;
type Policy = VisibilityPolicy | undefined;

/**
 * Performs a recorded run on our store, and compares the observations.
 * It tolerates what section 7 of the format allows, and nothing else.
 */
export class ConformanceReplay {
  readonly #document: ConformanceDocument;
  readonly #store = new PresenceStore<RecordedModel>({ retention: Infinity });
  readonly #cursors = new Map<string, WatcherCursor>();
  /** The published updates, by sequence. */
  readonly #published = new Map<number, PresenceUpdate<RecordedModel>>();
  /** The last sequence of each expired run, by its first one. */
  readonly #runs = new Map<number, number>();
  #state: object | undefined;

  constructor(document: ConformanceDocument) {
    this.#document = document;
  }

  /** Replays all steps; throws at the first that differs. */
  run(): void {
    const { format, version, steps } = this.#document;
    assertEquals(`${format} ${version}`, "ruthere-conformance 1");
    assertEquals(steps[0]?.op, "init");
    for (const [index, step] of steps.entries()) {
      try {
        this.#perform(step);
        if ("state" in step) this.#state = step.state;
        // Reads are compared with the last state too: they change nothing.
        assertEquals(this.#observeState(), this.#state);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new AssertionError(
          `Step ${index}, ${JSON.stringify(step)}: ${reason}`,
          { cause },
        );
      }
    }
  }

  #observeState(): object {
    const { size: len, lastSequence, retainedFloorSequence } = this.#store;
    return { len, lastSequence, retainedFloorSequence };
  }

  #perform(step: RecordedStep): void {
    switch (step.op) {
      case "init":
        return assertEquals(this.#observeState(), step.state);
      case "publish":
        return this.#publish(toUpdate(step.update), step.sequence);
      case "publishAll":
        return this.#publishAll(step);
      case "publishBeacon":
        return this.#publishBeacon(step);
      case "expire":
        return this.#expire(step);
      case "compact":
        return assertEquals(this.#store.compact(step.through), step.removed);
      case "snapshot":
        return this.#readSnapshot(step);
      case "snapshotsForAddress": {
        const address = toAddress(step.address);
        return this.#readSnapshots({ address }, step);
      }
      case "snapshotsInContext":
        return this.#readSnapshots({ context: step.context }, step);
      case "subjectSummary":
        return this.#readSummary(step);
      case "subjectSummaries":
        return this.#readSummaries(step);
      case "changesSince":
        return this.#readChanges(step);
      case "changeStatusSince":
        return this.#readStatus(step);
      case "cursorNew":
        return this.#newCursor(step);
      case "cursorPoll":
        return this.#poll(step);
      case "cursorStatus": {
        const since = this.#cursor(step.cursor).position.sequence;
        const status = this.#cursor(step.cursor)
          .status(this.#store, { visible: this.#policy(step.policy) });
        return this.#compareStatus(status, { ...step, since });
      }
      case "cursorReset":
        return this.#cursor(step.cursor).reset(step.to);
      default: {
        const unknown: never = step;
        throw new Error(`unknown step ${JSON.stringify(unknown)}`);
      }
    }
  }

  // Writes

  #publish(update: PresenceUpdate<RecordedModel>, sequence: number): void {
    assertEquals(this.#store.publish(update), sequence);
    this.#published.set(sequence, update);
  }

  #publishAll({ updates, sequences }: Recorded<"publishAll">): void {
    const ours = updates.map(toUpdate);
    assertEquals(this.#store.publishAll(ours), sequences);
    for (const [index, update] of ours.entries()) {
      this.#published.set(sequences[index]!, update);
    }
  }

  #publishBeacon(step: Recorded<"publishBeacon">): void {
    const { expiryPolicy: expiry, ...fixed } = step.beacon;
    const beacon = new PresenceBeacon<RecordedModel>({
      ...toAddress(fixed),
      expiry,
    });
    const update = beacon[step.call](step.at, toPatch(step.extraChanges));
    assertEquals(recordUpdate(update), recordUpdate(toUpdate(step.update)));
    this.#publish(update, step.sequence);
  }

  #expire({ now, removed, expired }: Recorded<"expire">): void {
    const before = this.#store.lastSequence;
    assertEquals(this.#store.expire(now), removed);
    assertEquals(expired?.entries.length ?? 0, removed);
    if (expired !== null) {
      assertEquals(expired.firstSequence, before + 1);
      this.#runs.set(expired.firstSequence, expired.lastSequence);
    }
    const result = this.#store.changesSince(before);
    this.#compareChanges(result, { ok: expired ? [expired] : [] }, undefined);
  }

  // Reads

  #policy(name: string | null): Policy {
    if (name === null) return undefined;
    const recorded = this.#document.visibilityPolicies[name];
    if (recorded === undefined) throw new Error(`unknown policy "${name}"`);
    return toVisibilityPolicy(recorded);
  }

  #projection(name: string): ProjectionPolicy | undefined {
    const recorded = this.#document.projectionPolicies[name];
    if (recorded === undefined) throw new Error(`unknown projection "${name}"`);
    const projection = toProjectionPolicy(recorded);
    if (name !== "default") return projection;
    // The default is left to the store, and must have the recorded ranks.
    for (const activity of ACTIVITIES) {
      const rank = DEFAULT_PROJECTION.activityRank(activity);
      assertEquals(rank, projection.activityRank(activity));
    }
    for (const availability of AVAILABILITIES) {
      const rank = DEFAULT_PROJECTION.availabilityRank(availability);
      assertEquals(rank, projection.availabilityRank(availability));
    }
    return undefined;
  }

  #readSnapshot({ key, policy, result }: Recorded<"snapshot">): void {
    const visible = this.#policy(policy);
    const snapshot = this.#store.snapshot(toAddress(key), { visible });
    assertEquals(snapshot ? recordSnapshot(snapshot) : null, result);
  }

  #readSnapshots(
    query: Parameters<PresenceStore<RecordedModel>["snapshots"]>[0],
    { policy, result }: Recorded<"snapshotsInContext" | "snapshotsForAddress">,
  ): void {
    const visible = this.#policy(policy);
    const snapshots = this.#store.snapshots({ ...query, visible });
    assertEquals(sortByKey(snapshots.map(recordSnapshot)), sortByKey(result));
  }

  #readSummary(step: Recorded<"subjectSummary">): void {
    const visible = this.#policy(step.policy);
    const projection = this.#projection(step.projection);
    const { subject, context, result } = step;
    const options = { visible, projection };
    const summary = this.#store.subjectSummary(subject, context, options);
    if (summary === undefined || result === null) {
      return assertEquals<unknown>(summary ?? null, result);
    }
    this.#compareSummary(summary, result);
  }

  #readSummaries(step: Recorded<"subjectSummaries">): void {
    const visible = this.#policy(step.policy);
    const projection = this.#projection(step.projection);
    const { context } = step;
    const summaries = sortByKey(
      this.#store.subjectSummaries({ context, visible, projection }),
    );
    const result = sortByKey(step.result);
    assertEquals(
      summaries.map(({ subject }) => subject),
      result.map(({ subject }) => subject),
    );
    for (const [index, summary] of summaries.entries()) {
      this.#compareSummary(summary, result[index]!);
    }
  }

  #compareSummary(
    summary: SubjectSummary<RecordedModel>,
    recorded: RecordedSummary,
  ): void {
    const { ambiguous, alternatives, ...rest } = recorded;
    const { subject, context, observedAt, lastSeen, resources, ...headline } =
      rest;
    const certain = recordCertainties(summary);
    assertEquals(
      { ...certain, resources: sortByKey(certain.resources) },
      {
        subject,
        context,
        observedAt,
        lastSeen,
        resources: sortByKey(resources),
      },
    );
    if (ambiguous) {
      assertArrayIncludes(alternatives ?? [], [recordHeadline(summary)]);
    } else {
      assertEquals(recordHeadline(summary), headline);
    }
    for (const snapshot of summary.snapshots) {
      assertEquals([snapshot.subject, snapshot.context], [subject, context]);
      assertStrictEquals(this.#store.snapshot(snapshot), snapshot);
    }
    assert(summary.snapshots.includes(summary.dominant));
  }

  // Changes

  #cursor(name: string): WatcherCursor {
    const cursor = this.#cursors.get(name);
    if (cursor === undefined) throw new Error(`unknown cursor "${name}"`);
    return cursor;
  }

  #newCursor({ cursor, from, sequence }: Recorded<"cursorNew">): void {
    const made = this.#store.watcherCursor(
      from === "current" ? "tail" : from === "sequence" ? sequence : from,
    );
    assertEquals(made.position.sequence, sequence);
    this.#cursors.set(cursor, made);
  }

  #readChanges({ since, policy, result }: Recorded<"changesSince">): void {
    const visible = this.#policy(policy);
    const changes = this.#store.changesSince(since, { visible });
    this.#compareChanges(changes, result, visible);
  }

  #readStatus(step: Recorded<"changeStatusSince">): void {
    const visible = this.#policy(step.policy);
    const status = this.#store.changeStatusSince(step.since, { visible });
    this.#compareStatus(status, step);
  }

  #poll(step: Recorded<"cursorPoll">): void {
    const { cursorBefore, result, cursorAfter } = step;
    const cursor = this.#cursor(step.cursor);
    const visible = this.#policy(step.policy);
    assertEquals(cursor.position.sequence, cursorBefore);
    this.#compareChanges(
      cursor.poll(this.#store, { visible }),
      result,
      visible,
    );
    const after = typeof cursorAfter === "number"
      ? cursorAfter
      : cursorAfter.max;
    if (visible === undefined || "gap" in result) {
      return assertEquals(cursor.position.sequence, cursorAfter);
    }
    const newest = Math.max(cursorBefore, this.#store.lastSequence);
    assert(cursor.position.sequence >= after, "the cursor is behind");
    assert(cursor.position.sequence <= newest, "the cursor is beyond the end");
    cursor.reset(after);
  }

  #compareStatus(
    status: ChangeStatus,
    { since, policy, result }: {
      since: number;
      policy: string | null;
      result: RecordedStatus;
    },
  ): void {
    if (typeof status === "object") {
      return assertEquals<unknown>(recordGap(status), result);
    }
    const visible = this.#policy(policy);
    if (visible === undefined || status === "up-to-date") {
      return assertEquals<unknown>(status, result);
    }
    // Ours may be pending although all new changes are hidden.
    const polled = this.#store.changesSince(since, { visible });
    assert(polled.type === "changes" && polled.changes.length > 0);
    const known = withoutHidden(polled.changes).length > 0;
    assertEquals<unknown>(known ? "pending" : "up-to-date", result);
  }

  #compareChanges(
    result: ChangesResult<RecordedModel>,
    recorded: RecordedChanges,
    visible: Policy,
  ): void {
    if (result.type === "gap" || "gap" in recorded) {
      return assertEquals<unknown>(
        result.type === "gap" ? recordGap(result) : result,
        recorded,
      );
    }
    const changes = visible
      ? withoutHidden(result.changes)
      : [...result.changes];
    for (const item of recorded.ok) {
      if (typeof item === "number") {
        this.#comparePublished(changes.shift(), item);
      } else {
        const run = changes.splice(0, item.entries.length);
        this.#compareRun(run, item, visible === undefined);
      }
    }
    assertEquals(changes, []);
  }

  #comparePublished(change: Change | undefined, sequence: number): void {
    assertEquals(change?.type, "published");
    assert(change?.type === "published");
    assertEquals(change.sequence, sequence);
    const update = this.#published.get(sequence);
    assert(update !== undefined, `nothing was published as ${sequence}`);
    assertEquals(recordUpdate(change.update), recordUpdate(update));
  }

  #compareRun(changes: Change[], run: ExpiredRun, complete: boolean): void {
    const { firstSequence, lastSequence, entries } = run;
    assertEquals(this.#runs.get(firstSequence), lastSequence);
    if (complete) {
      assertEquals(entries.length, lastSequence - firstSequence + 1);
    }
    let former = firstSequence - 1;
    const removals = changes.map((change) => {
      assert(change.type === "expired", `${change.sequence} is not "expired"`);
      assert(change.sequence > former && change.sequence <= lastSequence);
      former = change.sequence;
      return recordRemoval(change.previous);
    });
    assertEquals(sortByKey(removals), sortByKey(entries));
  }
}

function withoutHidden(changes: readonly Change[]): Change[] {
  return changes.filter(({ type }) => type !== "hidden");
}
