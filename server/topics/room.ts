import {
  equalValues,
  type PresenceSnapshot,
  sameVisibility,
} from "../../core/mod.ts";
import type { CursorPosition } from "../../store/mod.ts";
import { type EntryDifference, rightsKey, viewerPolicy } from "../mod.ts";
import { diffFor, diffWithOwn, presenceFor } from "./differences.ts";
import { metaOf } from "./meta.ts";
import { type Mirror, mirrorOf } from "./mirror.ts";
import type { WireDiff, WirePresence } from "./state/presence_diff.ts";
import { drop, put, sizeOf } from "./state/presence_tree.ts";
import type {
  TopicModel,
  TopicPolicy,
  TopicServer,
  TopicViewer,
} from "./topic_model.ts";
import { type Presences, type TopicState, topicState } from "./topic_state.ts";

/** What has changed in a topic for a reader. */
export interface TopicDiff {
  /** Tells a diff from a state. */
  readonly type: "diff";
  /** Who came and went. */
  readonly diff: WireDiff;
  /** Up to which change. */
  readonly position: CursorPosition;
}

/**
 * What readers of a topic get. Readers with the same rights get the same
 * object, so that it needs to be encoded once.
 */
export type TopicMessage = TopicState | TopicDiff;

/** What a room tells: a reader of the topic. */
export interface RoomMember {
  /** On whose behalf it reads. */
  readonly viewer: TopicViewer;
  /** Takes what has changed. */
  tell(diff: TopicDiff): void;
  /** Takes note that there will be no more. */
  end(): void;
  /** The same, because something should not have happened. */
  fail(error: unknown): void;
}

/**
 * What all readers of one topic share: one watch, one mirror of the topic, and
 * the messages, which are made once for readers with the same rights.
 */
export class Room {
  readonly #topic: string;
  readonly #mirror: Mirror;
  readonly #groups = new Map<string, Group>();
  readonly #ended = new AbortController();
  readonly #onClose: () => void;

  /** Opens the room of a topic; tells when it is closed. */
  constructor(
    server: TopicServer,
    topic: string,
    onClose: () => void,
  ) {
    this.#topic = topic;
    this.#onClose = onClose;
    this.#mirror = mirrorOf(server, { context: topic });
    this.#run(server).catch((error: unknown) => this.#fail(error));
  }

  /** Up to which change it knows. */
  get position(): CursorPosition {
    return this.#mirror.position;
  }

  /** Lets a reader in. O(1). */
  join(member: RoomMember): void {
    const key = rightsKey(member.viewer);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group(this.#mirror, this.#topic, member.viewer);
      this.#groups.set(key, group);
    }
    group.members.add(member);
  }

  /**
   * All that a reader may see. The first one with certain rights costs the
   * topic, all others O(log n) for each key that differs from then.
   */
  stateOf(member: RoomMember): TopicState | undefined {
    return this.#groups.get(rightsKey(member.viewer))?.stateOf(member);
  }

  /** Lets a reader out. The last one to leave closes the room. O(1). */
  leave(member: RoomMember): void {
    const key = rightsKey(member.viewer);
    const group = this.#groups.get(key);
    group?.members.delete(member);
    if (group?.members.size === 0) this.#groups.delete(key);
    if (this.#groups.size === 0) this.close();
  }

  /** Ends the watch, and all readers with it. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#onClose();
    for (const { members } of [...this.#groups.values()]) {
      for (const member of [...members]) member.end();
    }
  }

  #fail(error: unknown): void {
    for (const { members } of this.#groups.values()) {
      for (const member of [...members]) member.fail(error);
    }
    this.close();
  }

  async #run(server: TopicServer): Promise<void> {
    const { signal } = this.#ended;
    const since = this.#mirror.position;
    const watch = server.watch({ context: this.#topic, since, signal });
    for await (const batch of watch) {
      const differences = this.#mirror.view.apply(batch)
        .flatMap(({ entries }) => entries)
        .filter((difference) => !isSameMeta(difference));
      // A baseline counts once its last part is there.
      if (batch.type === "baseline" && !batch.last) continue;
      this.#mirror.position = batch.position;
      if (differences.length === 0) continue;
      for (const group of this.#groups.values()) group.tell(differences);
    }
    // The server is closed.
    this.close();
  }
}

/** Whether no reader is told: other facets than the meta may change often. */
function isSameMeta(
  { previous, snapshot }: EntryDifference<TopicModel>,
): boolean {
  return previous !== undefined && snapshot !== undefined &&
    sameVisibility(previous.visibility, snapshot.visibility) &&
    equalValues(metaOf(previous), metaOf(snapshot));
}

/**
 * The readers with the same rights. What they see is kept as a tree that never
 * changes, so that it costs little to make one that differs in a few keys.
 */
class Group {
  readonly members = new Set<RoomMember>();
  readonly #mirror: Mirror;
  readonly #topic: string;
  readonly #rights: TopicPolicy;
  #presences: Presences;
  /** The keys of which the tree may not say what the mirror does. */
  readonly #stale: Set<string>;
  #state: TopicState | undefined;

  constructor(
    mirror: Mirror,
    topic: string,
    viewer: TopicViewer,
  ) {
    this.#mirror = mirror;
    this.#topic = topic;
    this.#rights = viewerPolicy({ ...viewer, subject: undefined });
    this.#stale = new Set(mirror.view.subjects(topic));
  }

  /** All that a reader may see: what the group sees, or with its own entries. */
  stateOf({ viewer }: RoomMember): TopicState {
    const { position } = this.#mirror;
    const { subject: key } = viewer;
    const own = key === undefined ? [] : this.#snapshotsOf(key);
    this.#catchUp();
    if (key !== undefined && own.some((one) => !this.#isShared(one))) {
      // Whoever is the key sees all of it.
      const whole = withKey(this.#presences, key, presenceFor(own, () => true));
      return topicState(whole, position);
    }
    if (this.#state?.position !== position) {
      this.#state = topicState(this.#presences, position);
    }
    return this.#state;
  }

  /** Tells all readers how entries differ. */
  tell(differences: readonly EntryDifference<TopicModel>[]): void {
    this.#markStale(differences);
    const diff = diffFor(differences, this.#rights);
    const shared = this.#message(diff);
    const withheld = this.#withheldOf(differences);
    const ofKeys = new Map<string, TopicDiff | undefined>();
    for (const member of [...this.members]) {
      const { subject: key } = member.viewer;
      const own = withheld.get(key);
      if (key === undefined || own === undefined) {
        if (shared !== undefined) member.tell(shared);
        continue;
      }
      if (!ofKeys.has(key)) {
        // Whoever is the key sees all of it.
        const whole = diffWithOwn(diff, key, diffFor(own, () => true));
        ofKeys.set(key, this.#message(whole));
      }
      const message = ofKeys.get(key);
      if (message !== undefined) member.tell(message);
    }
  }

  /** The differences of the keys of which the group does not learn all. */
  #withheldOf(
    differences: readonly EntryDifference<TopicModel>[],
  ): Map<string | undefined, EntryDifference<TopicModel>[]> {
    const keys = new Set<string | undefined>(
      differences
        .flatMap(({ previous, snapshot }) => [previous, snapshot])
        .filter((one) => one !== undefined)
        .filter((one) => !this.#isShared(one))
        .map(({ subject }) => subject),
    );
    const withheld = new Map<
      string | undefined,
      EntryDifference<TopicModel>[]
    >();
    for (const difference of differences) {
      const key = (difference.snapshot ?? difference.previous)?.subject;
      if (!keys.has(key)) continue;
      const ofKey = withheld.get(key);
      if (ofKey === undefined) withheld.set(key, [difference]);
      else ofKey.push(difference);
    }
    return withheld;
  }

  #isShared({ visibility, subject }: PresenceSnapshot<TopicModel>): boolean {
    return this.#rights(visibility, subject);
  }

  #snapshotsOf(key: string): readonly PresenceSnapshot<TopicModel>[] {
    const query = { context: this.#topic, subject: key };
    return this.#mirror.view.snapshots(query);
  }

  #markStale(differences: readonly EntryDifference<TopicModel>[]): void {
    for (const { previous, snapshot } of differences) {
      const key = (snapshot ?? previous)?.subject;
      if (key !== undefined) this.#stale.add(key);
    }
    // Those who come and go while nobody asks must not pile up.
    if (this.#stale.size > sizeOf(this.#presences)) this.#catchUp();
  }

  /** Makes the tree say what the mirror does. O(log n) for each stale key. */
  #catchUp(): void {
    for (const key of this.#stale) {
      const presence = presenceFor(this.#snapshotsOf(key), this.#rights);
      this.#presences = withKey(this.#presences, key, presence);
    }
    this.#stale.clear();
  }

  #message(diff: WireDiff | undefined): TopicDiff | undefined {
    if (diff === undefined) return undefined;
    return { type: "diff", diff, position: this.#mirror.position };
  }
}

function withKey(
  presences: Presences,
  key: string,
  presence: WirePresence | undefined,
): Presences {
  return presence === undefined
    ? drop(presences, key)
    : put(presences, key, presence);
}
