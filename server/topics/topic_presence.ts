import {
  assertFunction,
  assertMethods,
  assertNoOtherOptions,
  assertOptions,
} from "../../core/assert.ts";
import type { Duration, PresenceSnapshot, Visibility } from "../../core/mod.ts";
import type { CursorPosition } from "../../store/mod.ts";
import {
  assertName,
  assertPositive,
  assertServer,
  rightsKey,
} from "../internal.ts";
import { OMNISCIENT_VIEWER, viewerPolicy, type Watch } from "../mod.ts";
import { BoundedListening, mirrorOf, Reader, Rooms } from "../rooms/mod.ts";
import type { Channels } from "./channels.ts";
import { ConnectionIds } from "./connection_ids.ts";
import { entriesOf, inOrder, type TopicEntry } from "./entries.ts";
import type { TopicMeta } from "./json_value.ts";
import { LatestValues } from "./latest_values.ts";
import { metaOf } from "./meta.ts";
import { type FacetLifter, PresenceHandle } from "./presence_handle.ts";
import { type TopicDiff, type TopicMessage, TopicRoom } from "./room.ts";
import { takeEvents, type TopicEvent, watchEvents } from "./topic_event.ts";
import type { TopicModel, TopicServer, TopicViewer } from "./topic_model.ts";
import type { TopicState } from "./topic_state.ts";

/** How topics behave. */
export interface TopicPresenceOptions {
  /**
   * How long a connection lives that is not refreshed, in milliseconds;
   * `Infinity` for ever.
   *
   * @default {30_000}
   */
  readonly ttlMs?: Duration | undefined;
  /** Lifts parts of a meta into built-in facets; nothing, if it is left out. */
  readonly facets?: FacetLifter | undefined;
  /**
   * Where the events of all topics are published, as JSON on
   * `presence:{topic}`. It takes a mirror of all that the server has; events
   * are published one after the other, each when the one before it is.
   */
  readonly channels?: Channels | undefined;
  /**
   * Told of a publish on the channels that has failed.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How one connection is tracked. */
export interface TrackOptions {
  /** Its time to live in milliseconds; that of the topics, if left out. */
  readonly ttlMs?: Duration | undefined;
  /**
   * A name for the connection that stays the same when it comes back, as the id
   * that a tab keeps in `sessionStorage`. It is unique within the topic and the
   * key. What the connection held before, by whatever origin, is replaced at once,
   * so that nobody leaves, and its former handle is over. A name of its own for
   * each call, if it is left out.
   */
  readonly connection?: string | undefined;
  /**
   * Who holds it: the server can withdraw or disconnect all that an origin
   * holds at once. If it is left out, `"topics"` for a connection that has a
   * name, and one origin for all others of these topics.
   */
  readonly origin?: string | undefined;
  /**
   * Who it is shown to.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility | undefined;
}

/** On whose behalf a topic is read, and until when. */
export interface ReadOptions {
  /**
   * What may be seen.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: TopicViewer | undefined;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Presence by topic, key and meta over a {@linkcode PresenceServer}: a topic is
 * a context, a key is a subject, and each connection is an entry with a meta.
 *
 * What the server does holds here too: its capacity, its sweep, its grace for
 * what a lost origin held. Entries of a topic that were published in another
 * way are in it as well; what they say of activity and availability is their
 * meta. What is read ends when the server is disposed of.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer<TopicModel>();
 * const presence = new TopicPresence(server);
 * {
 *   using _tab = presence.track("post:1", "ada", { device: "laptop" });
 *   assertEquals(presence.list("post:1"), [
 *     { key: "ada", metas: [{ device: "laptop" }] },
 *   ]);
 * }
 * assertEquals(presence.list("post:1"), []);
 * ```
 *
 * @example With a type of metas of your own
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * interface Tab {
 *   device: string;
 *   scrolled?: number | undefined;
 * }
 *
 * using server = new PresenceServer<TopicModel>();
 * const presence = new TopicPresence<Tab>(server);
 * presence.track("post:1", "ada", { device: "laptop", scrolled: undefined });
 * const devices = presence.list("post:1")
 *   .flatMap(({ metas }) => metas.map(({ device }) => device));
 * assertEquals(devices, ["laptop"]);
 * ```
 *
 * @typeParam Meta The application's type of metas, which `track()` takes and
 * `list()` and `events()` give back. A meta that came by another face is believed to be of it, not checked.
 */
export class TopicPresence<Meta = TopicMeta> {
  readonly #server: TopicServer;
  readonly #ttlMs: Duration;
  readonly #lift: FacetLifter;
  readonly #origin = `topics/${crypto.randomUUID()}`;
  readonly #connections: ConnectionIds;
  readonly #rooms: Rooms<TopicRoom>;
  readonly #lists = new LatestValues<readonly TopicEntry<Meta>[]>();
  readonly #entries = new LatestValues<TopicEntry<Meta>>();

  /**
   * Makes topics of a server's contexts.
   *
   * @param server The server.
   * @param options How they behave.
   * @throws {InvalidValueError} If `server` is none, the time to live is not
   * more than zero, or an option is not known or of a wrong type.
   */
  constructor(
    server: TopicServer,
    options: TopicPresenceOptions = {},
  ) {
    const action = "create topics";
    assertOptions(options, action);
    const { ttlMs = 30_000, facets = () => ({}), channels, ...rest } = options;
    const { onError = console.error, ...others } = rest;
    assertServer(server, action);
    assertNoOtherOptions(others, action);
    assertPositive(ttlMs, "ttlMs", action);
    assertFunction(facets, "facets", action);
    assertFunction(onError, "onError", action);
    if (channels !== undefined) {
      const rule = "must be channels to publish on";
      assertMethods(channels, ["publish"], "channels", rule, action);
    }
    this.#server = server;
    this.#ttlMs = ttlMs;
    this.#lift = facets;
    this.#connections = new ConnectionIds(() => server.now);
    this.#rooms = new Rooms((topic, onClose) =>
      new TopicRoom(server, topic, onClose)
    );
    if (channels !== undefined) {
      this.#announce(channels, onError).catch(onError);
    }
  }

  /** The server whose contexts the topics are. */
  get server(): TopicServer {
    return this.#server;
  }

  // In

  /**
   * Tracks a connection of a key in a topic.
   *
   * @param topic The topic.
   * @param key Whose connection it is.
   * @param meta What to tell of it: any JSON value; it is copied.
   * @param options How it is tracked.
   * @returns The connection, to refresh, update and end it.
   * @throws {InvalidValueError} If an argument is not well-formed, or facets
   * are made of the meta that are none.
   * @throws {ContextAtCapacityError} If the topic is full and the key is not in
   * it.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  track(
    topic: string,
    key: string,
    meta: Meta,
    options: TrackOptions = {},
  ): PresenceHandle<Meta> {
    const action = "track connection";
    assertOptions(options, action);
    const { ttlMs = this.#ttlMs, connection, ...rest } = options;
    const { visibility = "public", ...more } = rest;
    // A tab that comes back at another node has the same entry there.
    const { origin = connection === undefined ? this.#origin : "topics" } =
      more;
    const { origin: _, ...others } = more;
    assertNoOtherOptions(others, action);
    assertName(topic, "topic", action);
    assertName(key, "key", action);
    assertPositive(ttlMs, "ttlMs", action);
    if (connection !== undefined) assertName(connection, "connection", action);
    const resource = connection ?? this.#connections.next();
    const entry = { subject: key, context: topic, resource, origin };
    const visit = connection === undefined ? undefined : crypto.randomUUID();
    const settings = { entry, ttlMs, visibility, visit, lift: this.#lift };
    return new PresenceHandle<Meta>(this.#server, settings, meta);
  }

  /**
   * Removes the connections whose time to live is over. The server does so by
   * itself; this does it now.
   *
   * @returns How many were removed, those of other contexts included.
   */
  sweepExpired(): number {
    return this.#server.expire();
  }

  // Out

  /**
   * Lists who is in a topic. O(n log n).
   *
   * @param topic The topic.
   * @param viewer On whose behalf. All may be known, if it is left out.
   * @returns The entries, sorted by key; none for a topic that nobody is in. It
   * is the same list until it changes, as `useSyncExternalStore` of React needs
   * it.
   */
  list(
    topic: string,
    viewer: TopicViewer = OMNISCIENT_VIEWER,
  ): readonly TopicEntry<Meta>[] {
    const snapshots = this.#read(topic, undefined, viewer);
    if (snapshots.length === 0) return NONE;
    const name = JSON.stringify([topic, rightsKey(viewer), viewer.subject]);
    return this.#lists
      .settle(name, snapshots, () => entriesOf<Meta>(snapshots));
  }

  /**
   * Looks one key up. O(its connections).
   *
   * @param topic The topic.
   * @param key The key.
   * @param viewer On whose behalf. All may be known, if it is left out.
   * @returns The entry, the same object until it changes; `undefined` if the
   * key is not in the topic.
   */
  get(
    topic: string,
    key: string,
    viewer: TopicViewer = OMNISCIENT_VIEWER,
  ): TopicEntry<Meta> | undefined {
    const snapshots = this.#read(topic, key, viewer);
    if (snapshots.length === 0) return undefined;
    const name = [topic, key, rightsKey(viewer), viewer.subject];
    return this.#entries.settle(JSON.stringify(name), snapshots, () => ({
      key,
      metas: inOrder(snapshots).map((snapshot) => metaOf<Meta>(snapshot)),
    }));
  }

  /**
   * Counts the keys in a topic. O(1) where all may be known, else O(n).
   *
   * @param topic The topic.
   * @param viewer On whose behalf. All may be known, if it is left out.
   * @returns How many there are.
   */
  countPresences(topic: string, viewer?: TopicViewer): number {
    assertName(topic, "topic", READ);
    const visible = viewer && viewerPolicy(viewer);
    return this.#server.store.count(topic, { visible }).subjects;
  }

  /**
   * Tells whether a key is in a topic. O(its connections).
   *
   * @param topic The topic.
   * @param key The key.
   * @param viewer On whose behalf. All may be known, if it is left out.
   * @returns `true` if it has a connection there.
   */
  isPresent(
    topic: string,
    key: string,
    viewer: TopicViewer = OMNISCIENT_VIEWER,
  ): boolean {
    return this.connectionCount(topic, key, viewer) > 0;
  }

  /**
   * Counts the connections of a key in a topic. O(that number).
   *
   * @param topic The topic.
   * @param key The key.
   * @param viewer On whose behalf. All may be known, if it is left out.
   * @returns How many there are.
   */
  connectionCount(
    topic: string,
    key: string,
    viewer: TopicViewer = OMNISCIENT_VIEWER,
  ): number {
    return this.#read(topic, key, viewer).length;
  }

  /**
   * Tells what happens in a topic from this call on: each connection that
   * joins or is updated, each key whose last connection is gone. Who reads so
   * slowly that the server has forgotten what happened is told what is
   * different.
   *
   * @param topic The topic.
   * @param options On whose behalf, and until when.
   * @returns The events.
   */
  events(topic: string, options: ReadOptions = {}): Watch<TopicEvent<Meta>> {
    const { viewer, signal } = readOptions(topic, options);
    return watchEvents<Meta>(this.#server, topic, viewer, signal);
  }

  /**
   * Tells who is in a topic as messages for the mirrors of clients: first a
   * state, then a diff for each batch of changes, which costs what it tells,
   * however large the topic is. Who is behind by more than 64 diffs gets a
   * state in their place. Readers with the same rights get the same objects.
   *
   * @param topic The topic.
   * @param options On whose behalf, and until when.
   * @returns The messages.
   *
   * @example Usage
   * ```ts
   * import { PresenceServer } from "@ruthere/presence/server";
   * import {
   *   syncDiff,
   *   syncState,
   *   type TopicModel,
   *   TopicPresence,
   *   type WirePresence,
   * } from "@ruthere/presence/server/topics";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer<TopicModel>();
   * const presence = new TopicPresence(server);
   * presence.track("post:1", "ada", { device: "laptop" });
   *
   * const mirror = new Map<string, WirePresence>();
   * for await (const message of presence.watch("post:1")) {
   *   if (message.type === "state") syncState(mirror, message.state);
   *   else syncDiff(mirror, message.diff);
   *   assertEquals(mirror.get("ada")?.metas[0]?.device, "laptop");
   *   break;
   * }
   * ```
   */
  watch(topic: string, options: ReadOptions = {}): Watch<TopicMessage> {
    const { viewer, signal } = readOptions(topic, options);
    return new Reader<TopicMessage>(
      (listener) =>
        new BoundedListening<TopicState, TopicDiff>(listener, {
          join: (member) =>
            this.#server.closed
              ? undefined
              : this.#rooms.of(topic).join(member, viewer),
          maxPending: MAX_PENDING,
        }),
      signal,
    );
  }

  /**
   * Tells up to which change a watch of a topic knows that begins now.
   *
   * @param topic The topic.
   * @returns The position of its first state.
   */
  positionOf(topic: string): CursorPosition {
    const { epoch, lastSequence: sequence } = this.#server.store;
    return this.#rooms.get(topic)?.position ?? { epoch, sequence };
  }

  // Below the surface

  #read(
    topic: string,
    key: string | undefined,
    viewer: TopicViewer,
  ): PresenceSnapshot<TopicModel>[] {
    assertName(topic, "topic", READ);
    if (key !== undefined) assertName(key, "key", READ);
    const visible = viewerPolicy(viewer);
    const query = { context: topic, subject: key, visible };
    return this.#server.store.snapshots(query);
  }

  async #announce(
    channels: Channels,
    onError: (error: unknown) => void,
  ): Promise<void> {
    const { view, position: since } = mirrorOf(this.#server, {});
    for await (const batch of this.#server.watch({ since })) {
      for (const { topic, event } of takeEvents<Meta>(view, batch)) {
        try {
          await channels.publish(`presence:${topic}`, JSON.stringify(event));
        } catch (error) {
          report(error, onError);
        }
      }
    }
  }
}

/** A reader that is behind by more diffs than this gets a state. */
const MAX_PENDING = 64;

const NONE: readonly never[] = [];

/** What can't be done where there is no topic to read. */
const READ = "read topic";

function readOptions(
  topic: string,
  options: ReadOptions,
): { readonly viewer: TopicViewer; readonly signal: AbortSignal | undefined } {
  assertOptions(options, READ);
  const { viewer = OMNISCIENT_VIEWER, signal, ...others } = options;
  assertName(topic, "topic", READ);
  assertNoOtherOptions(others, READ);
  return { viewer, signal };
}

/** Whatever is told of it, what comes next is published. */
function report(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch (failure) {
    console.error(failure);
  }
}
