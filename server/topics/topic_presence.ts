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
  visibleTo,
} from "../internal.ts";
import { OMNISCIENT_VIEWER, type Watch } from "../mod.ts";
import {
  BoundedListening,
  type Listener,
  type Listening,
  mirrorOf,
  Reader,
  Rooms,
} from "../rooms/mod.ts";
import type { Channels } from "./channels.ts";
import { connectionIds } from "./connection_ids.ts";
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
   * How long a connection lives without a refresh, in milliseconds; `Infinity`
   * for no limit.
   *
   * @default {30_000}
   */
  readonly ttlMs?: Duration | undefined;
  /**
   * Lifts parts of a meta into built-in facets, as {@linkcode liftFacets} does.
   *
   * @default {nothing is lifted}
   */
  readonly facets?: FacetLifter | undefined;
  /**
   * Where to publish the events of all topics, as JSON on `presence:{topic}`.
   * This needs a mirror of the whole server. Each event is published when the
   * publish before it has settled.
   */
  readonly channels?: Channels | undefined;
  /**
   * Called with the error of a publish on the channels that has failed.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How one connection is tracked. */
export interface TrackOptions {
  /**
   * How long the connection lives without a refresh, in milliseconds.
   *
   * @default {ttlMs of the topics}
   */
  readonly ttlMs?: Duration | undefined;
  /**
   * A name for the connection that stays the same when it returns, like an id
   * that a tab keeps in `sessionStorage`. It is unique within the topic and the
   * key. The new connection replaces a former one of that name at once,
   * whatever its origin, so that nobody leaves; the former handle ends.
   *
   * @default {a new name for each call}
   */
  readonly connection?: string | undefined;
  /**
   * The origin that holds the connection: the server can withdraw or disconnect
   * everything that an origin holds.
   *
   * @default {"topics" for a named connection, else one origin for all others
   * of these topics}
   */
  readonly origin?: string | undefined;
  /**
   * Who may see the connection.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility | undefined;
}

/** How a topic is read. */
export interface ReadOptions {
  /**
   * What the reader may see.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: TopicViewer | undefined;
  /** Ends the reading when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Presence by topic, key and meta over a {@linkcode PresenceServer}: a topic is
 * a context, a key is a subject, and each connection is an entry with a meta.
 *
 * The capacity, the sweep and the grace of the server apply to topics too.
 * Entries that another face has published belong to the topic of their context;
 * without a meta, their activity and availability are the meta. Watches and
 * events end when the server is disposed of.
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
 * `list()` and `events()` return. A meta of another face is assumed to have
 * this type; nothing checks it.
 */
export class TopicPresence<Meta = TopicMeta> {
  readonly #server: TopicServer;
  readonly #ttlMs: Duration;
  readonly #lift: FacetLifter;
  readonly #origin = `topics/${crypto.randomUUID()}`;
  readonly #nextConnection: () => string;
  readonly #rooms: Rooms<TopicRoom>;
  readonly #lists = new LatestValues<readonly TopicEntry<Meta>[]>();
  readonly #entries = new LatestValues<TopicEntry<Meta>>();

  /**
   * Makes topics of the contexts of a server.
   *
   * @param server The server.
   * @param options How they behave.
   * @throws {InvalidValueError} If `server` is not a server, the time to live
   * is not above zero, or an option is unknown or has a wrong type.
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
    this.#nextConnection = connectionIds(() => server.now);
    this.#rooms = new Rooms((topic, onClose) =>
      new TopicRoom(server, topic, onClose)
    );
    if (channels !== undefined) {
      this.#publishEvents(channels, onError).catch(onError);
    }
  }

  /** The server whose contexts the topics are. */
  get server(): TopicServer {
    return this.#server;
  }

  /**
   * Tracks a connection of a key in a topic.
   *
   * @param topic The topic.
   * @param key The key that the connection belongs to.
   * @param meta What others see of it: any JSON value; it is copied.
   * @param options How it is tracked.
   * @returns A handle to refresh, update and end the connection.
   * @throws {InvalidValueError} If an argument is malformed, or the facets that
   * are lifted from the meta are.
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
    const {
      ttlMs = this.#ttlMs,
      connection,
      // A tab that returns at another node has the same entry there.
      origin = connection === undefined ? this.#origin : "topics",
      visibility = "public",
      ...others
    } = options;
    assertNoOtherOptions(others, action);
    assertName(topic, "topic", action);
    assertName(key, "key", action);
    assertPositive(ttlMs, "ttlMs", action);
    if (connection !== undefined) assertName(connection, "connection", action);
    const resource = connection ?? this.#nextConnection();
    const settings = {
      key: { subject: key, context: topic, resource, origin },
      ttlMs,
      isNew: connection === undefined,
      visibility,
      lift: this.#lift,
    };
    return new PresenceHandle<Meta>(this.#server, settings, meta);
  }

  /**
   * Removes the connections whose time to live is over, without waiting for the
   * server's timer.
   *
   * @returns How many were removed, including those of other contexts.
   */
  sweepExpired(): number {
    return this.#server.expire();
  }

  /**
   * Lists the keys in a topic. O(n log n).
   *
   * @param topic The topic.
   * @param viewer What the reader may see; everything by default.
   * @returns The entries, sorted by key; an empty list for an unknown topic. It
   * is the same list until it changes, as React's `useSyncExternalStore` needs
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
   * Returns one key. O(its connections).
   *
   * @param topic The topic.
   * @param key The key.
   * @param viewer What the reader may see; everything by default.
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
   * Counts the keys in a topic. O(1) if the reader may see everything, else
   * O(n).
   *
   * @param topic The topic.
   * @param viewer What the reader may see; everything by default.
   * @returns The number of keys.
   */
  countPresences(
    topic: string,
    viewer: TopicViewer = OMNISCIENT_VIEWER,
  ): number {
    assertName(topic, "topic", READ);
    const visible = visibleTo(viewer);
    return this.#server.store.count(topic, { visible }).subjects;
  }

  /**
   * Reports whether a key is in a topic. O(its connections).
   *
   * @param topic The topic.
   * @param key The key.
   * @param viewer What the reader may see; everything by default.
   * @returns `true` if the key has a connection there.
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
   * @param viewer What the reader may see; everything by default.
   * @returns The number of connections.
   */
  connectionCount(
    topic: string,
    key: string,
    viewer: TopicViewer = OMNISCIENT_VIEWER,
  ): number {
    return this.#read(topic, key, viewer).length;
  }

  /**
   * Subscribes to the events of a topic, from this call on: each connection
   * that joins or is updated, each key whose last connection leaves. A reader
   * that is so slow that the server no longer retains the changes receives the
   * differences instead.
   *
   * @param topic The topic.
   * @param options How it is read.
   * @returns The events.
   */
  events(topic: string, options: ReadOptions = {}): Watch<TopicEvent<Meta>> {
    const { viewer, signal } = readOptions(topic, options);
    return watchEvents<Meta>(this.#server, topic, viewer, signal);
  }

  /**
   * Subscribes to a topic as messages for the mirrors of clients: first a
   * state, then a diff for each batch of changes. A diff costs its own size,
   * however large the topic is. A reader that is behind by more than 64 diffs
   * gets a new state in their place. Readers with the same rights receive the
   * same objects.
   *
   * It begins with the first `next()`.
   *
   * @param topic The topic.
   * @param options How it is read.
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
      (reader) => this.#listen(topic, reader, viewer),
      signal,
    );
  }

  /**
   * Subscribes to a topic as {@linkcode TopicPresence.watch} does, but calls a
   * listener with each message, which the listener can refuse. It is for many
   * connections: each costs less memory than a watch, and no promise for each
   * message.
   *
   * It begins with the first `resume()`. A slow listener is treated like a slow
   * reader.
   *
   * @param topic The topic.
   * @param listener Receives the messages. Others wait while `take()` runs: it
   * must be quick.
   * @param options What the listener may see.
   * @returns The listening, which begins, continues and ends.
   *
   * @example Usage
   * ```ts
   * import { PresenceServer } from "@ruthere/presence/server";
   * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer<TopicModel>();
   * const presence = new TopicPresence(server);
   * const sent: string[] = [];
   * using listening = presence.listen("post:1", {
   *   take: ({ type }) => sent.push(type) > 0,
   *   end: () => sent.push("the end"),
   *   fail: console.error,
   * });
   * listening.resume();
   * assertEquals(sent, ["state"]);
   *
   * presence.track("post:1", "ada", { device: "laptop" });
   * await new Promise((resolve) => setTimeout(resolve));
   * assertEquals(sent, ["state", "diff"]);
   * ```
   */
  listen(
    topic: string,
    listener: Listener<TopicMessage>,
    options: Pick<ReadOptions, "viewer"> = {},
  ): Listening {
    const { viewer } = readOptions(topic, options);
    return this.#listen(topic, listener, viewer);
  }

  #listen(
    topic: string,
    listener: Listener<TopicMessage>,
    viewer: TopicViewer,
  ): Listening {
    return new BoundedListening<TopicState, TopicDiff>(listener, {
      join: (member) =>
        this.#server.closed
          ? undefined
          : this.#rooms.of(topic).join(member, viewer),
      maxPending: MAX_PENDING,
    });
  }

  /**
   * Returns the position that the first state of a new watch would have.
   *
   * @param topic The topic.
   * @returns The position.
   */
  positionOf(topic: string): CursorPosition {
    const { epoch, lastSequence: sequence } = this.#server.store;
    return this.#rooms.get(topic)?.position ?? { epoch, sequence };
  }

  #read(
    topic: string,
    key: string | undefined,
    viewer: TopicViewer,
  ): PresenceSnapshot<TopicModel>[] {
    assertName(topic, "topic", READ);
    if (key !== undefined) assertName(key, "key", READ);
    const visible = visibleTo(viewer);
    const query = { context: topic, subject: key, visible };
    return this.#server.store.snapshots(query);
  }

  async #publishEvents(
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

/** The action in messages about a malformed topic or key. */
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

/** Reports an error; one that the callback throws must not stop the events. */
function report(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch (failure) {
    console.error(failure);
  }
}
