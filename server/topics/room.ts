import {
  compareKeys,
  equalValues,
  type PresenceSnapshot,
  sameVisibility,
} from "../../core/mod.ts";
import type { CursorPosition } from "../../store/mod.ts";
import { groupBy, rightsKey } from "../internal.ts";
import {
  type EntryDifference,
  OMNISCIENT_VIEWER,
  type PresenceView,
  type PresenceViewEvent,
  viewerPolicy,
} from "../mod.ts";
import { Room, type RoomMember, type Seat } from "../rooms/mod.ts";
import {
  diffFor,
  diffWithOwn,
  type KeyDifference,
  presenceFor,
} from "./differences.ts";
import { metaOf } from "./meta.ts";
import type { WireDiff, WirePresence } from "./state/presence_diff.ts";
import { drop, put, sizeOf, treeOf } from "./state/presence_tree.ts";
import type {
  TopicModel,
  TopicPolicy,
  TopicServer,
  TopicViewer,
} from "./topic_model.ts";
import { type Presences, type TopicState, topicState } from "./topic_state.ts";

/** What has changed in a topic, as a reader sees it. */
export interface TopicDiff {
  /** The kind of message. */
  readonly type: "diff";
  /** The metas that joined and left. */
  readonly diff: WireDiff;
  /** The position of the latest change that it contains. */
  readonly position: CursorPosition;
}

/**
 * What readers of a topic receive. Readers with the same rights receive the
 * same object, so that it is encoded only once.
 */
export type TopicMessage = TopicState | TopicDiff;

/**
 * What all readers of one topic share: one mirror of everything in it, and the
 * messages, which are made once for all readers with the same rights.
 */
export class TopicRoom extends Room<TopicModel, TopicDiff> {
  readonly #topic: string;
  readonly #groups = new Map<string, Group>();

  /** Opens the room of a topic; calls back when the room closes. */
  constructor(server: TopicServer, topic: string, onClose: () => void) {
    super(server, topic, OMNISCIENT_VIEWER, onClose);
    this.#topic = topic;
  }

  /**
   * Adds a reader. O(1). The first state for certain rights costs the topic,
   * each later one O(log n) for every key that has changed since.
   */
  join(
    member: RoomMember<TopicDiff>,
    viewer: TopicViewer,
  ): Seat<TopicState> {
    const rights = rightsKey(viewer);
    const group = this.#groups.get(rights) ??
      new Group(this.view, this.#topic, viewer);
    this.#groups.set(rights, group);
    const { members } = group;
    const { subject: key } = viewer;
    members.set(member, key);
    return {
      read: () => ({
        state: group.stateFor(key, this.position),
        revision: this.position.sequence,
      }),
      leave: () => {
        members.delete(member);
        if (members.size === 0) this.#groups.delete(rights);
        if (this.#groups.size === 0) this.close();
      },
    };
  }

  protected override members(): RoomMember<TopicDiff>[] {
    return [...this.#groups.values()]
      .flatMap(({ members }) => [...members.keys()]);
  }

  protected override changed(
    events: readonly PresenceViewEvent<TopicModel>[],
  ): void {
    const differences: KeyDifference[] = [];
    for (const { subject: key, entries: all } of events) {
      const entries = all.filter((entry) => !isSameMeta(entry));
      if (entries.length > 0) differences.push({ key, entries });
    }
    if (differences.length === 0) return;
    for (const group of this.#groups.values()) {
      group.send(differences, this.position);
    }
  }
}

/** Whether readers see no difference: facets beside the meta change often. */
function isSameMeta(
  { previous, snapshot }: EntryDifference<TopicModel>,
): boolean {
  return previous !== undefined && snapshot !== undefined &&
    sameVisibility(previous.visibility, snapshot.visibility) &&
    equalValues(metaOf(previous), metaOf(snapshot));
}

/** A reader sees everything of its own key. */
const ALL: TopicPolicy = () => true;

/**
 * The readers with the same rights. What they see is an immutable tree, so that
 * a state in which a few keys differ costs little.
 */
class Group {
  /** The readers, and the keys that they read as. */
  readonly members = new Map<RoomMember<TopicDiff>, string | undefined>();
  readonly #view: PresenceView<TopicModel>;
  readonly #topic: string;
  readonly #rights: TopicPolicy;
  #presences: Presences;
  /**
   * The keys for which the tree may differ from what the group sees; `undefined`
   * if there is no tree.
   */
  #stale: Set<string> | undefined;
  #state: TopicState | undefined;

  constructor(
    view: PresenceView<TopicModel>,
    topic: string,
    viewer: TopicViewer,
  ) {
    this.#view = view;
    this.#topic = topic;
    this.#rights = viewerPolicy({ ...viewer, subject: undefined });
  }

  /** Returns what a reader may see: the group's view, and its own key whole. */
  stateFor(key: string | undefined, position: CursorPosition): TopicState {
    const own = key === undefined ? [] : this.#snapshotsOf(key);
    this.#catchUp();
    if (key !== undefined && !own.every((one) => this.#sees(one))) {
      const whole = withKey(this.#presences, key, presenceFor(own, ALL));
      return topicState(whole, position);
    }
    if (this.#state?.position !== position) {
      this.#state = topicState(this.#presences, position);
    }
    return this.#state;
  }

  /** Sends all readers the differences that they may see. */
  send(
    differences: readonly KeyDifference[],
    position: CursorPosition,
  ): void {
    this.#markStale(differences);
    const diff = diffFor(differences, this.#rights);
    const shared = messageOf(diff, position);
    const withheld = new Map(
      differences.filter((difference) => !this.#seesAllOf(difference))
        .map((difference) => [difference.key, difference]),
    );
    const ofKeys = new Map<string, TopicDiff | undefined>();
    for (const [member, key] of this.members) {
      const own = key === undefined ? undefined : withheld.get(key);
      if (own !== undefined && !ofKeys.has(own.key)) {
        const whole = diffWithOwn(diff, own.key, diffFor([own], ALL));
        ofKeys.set(own.key, messageOf(whole, position));
      }
      const message = own === undefined ? shared : ofKeys.get(own.key);
      if (message !== undefined) member.receive(message, position.sequence);
    }
  }

  #sees(snapshot: PresenceSnapshot<TopicModel> | undefined): boolean {
    return snapshot === undefined ||
      this.#rights(snapshot.visibility, snapshot.subject);
  }

  #seesAllOf({ entries }: KeyDifference): boolean {
    return entries.every(({ previous, snapshot }) =>
      this.#sees(previous) && this.#sees(snapshot)
    );
  }

  #seesAnyOf({ entries }: KeyDifference): boolean {
    return entries.some(({ previous, snapshot }) =>
      previous !== undefined && this.#sees(previous) ||
      snapshot !== undefined && this.#sees(snapshot)
    );
  }

  #snapshotsOf(key: string): readonly PresenceSnapshot<TopicModel>[] {
    return this.#view.snapshots({ context: this.#topic, subject: key });
  }

  /** Marks the keys for which the tree may now differ from what the group sees. */
  #markStale(differences: readonly KeyDifference[]): void {
    if (this.#stale === undefined) return;
    for (const difference of differences) {
      if (this.#seesAnyOf(difference)) this.#stale.add(difference.key);
    }
    if (this.#stale.size <= sizeOf(this.#presences)) return;
    // A new tree costs less than to update this one.
    this.#presences = undefined;
    this.#stale = undefined;
  }

  /**
   * Updates the tree from the mirror. O(log n) for each stale key; without a
   * tree O(n log n).
   */
  #catchUp(): void {
    if (this.#stale === undefined) {
      this.#presences = treeOf(this.#allPresences());
      this.#stale = new Set();
    }
    for (const key of this.#stale) {
      const presence = presenceFor(this.#snapshotsOf(key), this.#rights);
      this.#presences = withKey(this.#presences, key, presence);
    }
    this.#stale.clear();
  }

  /** Lists what readers see, in the order of keys. */
  #allPresences(): { readonly key: string; readonly value: WirePresence }[] {
    const all = this.#view.snapshots({ context: this.#topic });
    return [...groupBy(all, ({ subject }) => subject)]
      .sort(([a], [b]) => compareKeys(a, b))
      .flatMap(([key, own]) => {
        const value = presenceFor(own, this.#rights);
        return value === undefined ? [] : { key, value };
      });
  }
}

function messageOf(
  diff: WireDiff | undefined,
  position: CursorPosition,
): TopicDiff | undefined {
  return diff && { type: "diff", diff, position };
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
