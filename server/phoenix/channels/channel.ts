import { InvalidValueError, type Visibility } from "../../../core/mod.ts";
import { isJsonObject, type JsonObject, rightsKey } from "../../internal.ts";
import { viewerPolicy } from "../../mod.ts";
import {
  type PresenceHandle,
  stateJson,
  type TopicMessage,
  type TopicMeta,
  type TopicPolicy,
  type TopicPresence,
  type TopicViewer,
} from "../../topics/mod.ts";
import type { Broadcast } from "../broadcasts/broadcast.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixPayload,
  type Ref,
} from "../frames/message.ts";
import { diffFrame } from "../frames/shared_frames.ts";
import type { Outbox } from "../outbox.ts";
import { own, payloadOf } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import { assertMayWrite, mayWrite } from "../rights/rights.ts";
import type { ChannelSettings } from "./channel_settings.ts";
import { type Dialect, readVisibility } from "./join_params.ts";

const ACTION = "track presence";

/** What a channel needs of its socket. */
export interface ChannelSocket {
  /** The topics. */
  readonly presence: TopicPresence;
  /** The origin of what it holds. */
  readonly origin: string;
  /** What is sent to the client. */
  readonly outbox: Outbox;
  /** Handles a channel that can no longer tell who is there. */
  failed(channel: Channel, error: unknown): void;
}

/** One join of a topic by a socket, from the join to the leave. */
export class Channel {
  /** The topic. */
  readonly topic: string;
  /** The ref of the join. */
  readonly joinRef: Ref | null;
  /** The key that they are present under. */
  readonly key: string;
  /** The socket. */
  readonly socket: ChannelSocket;
  readonly #settings: ChannelSettings;
  #viewer: TopicViewer;
  #viewerOf: ChannelSettings["viewerOf"];
  /** What they may see; only a broadcast asks for it. */
  #visible: TopicPolicy | undefined;
  #visibility: Visibility;
  #handle: PresenceHandle | undefined;
  /** The contexts that they must be able to write to, to be present. */
  protected needed: readonly string[] = [];
  #listening: Disposable | undefined;
  /** Whether a message was left out, which a state must make up for. */
  #isBehind = false;
  #isStopped = false;

  /** Makes a channel, which sends nothing before it begins. */
  constructor(socket: ChannelSocket, settings: ChannelSettings) {
    this.topic = settings.topic;
    this.joinRef = settings.joinRef;
    this.key = settings.key;
    this.socket = socket;
    this.#settings = settings;
    this.#viewer = settings.viewer;
    this.#viewerOf = settings.viewerOf;
    this.#visibility = settings.visibility ?? "public";
  }

  /** What the client gets with the reply to its join. */
  get greeting(): JsonObject {
    return {};
  }

  /** Whether it has ended, or has failed. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Asserts that the client can be told who is there, if it wants to know.
   *
   * @throws {Refusal} If the topic is too large.
   */
  assertCanBegin(): void {
    if (this.#settings.presence) this.assertSmall();
  }

  /**
   * Asserts that the topic is small enough for a state of it. O(1).
   *
   * @param newcomers How many are about to be in it, too.
   * @throws {Refusal} If it is too large.
   */
  protected assertSmall(newcomers = 0): void {
    const { stateConnections } = this.#settings.limits;
    const { entries } = this.socket.presence.server.store.count(this.topic);
    if (entries + newcomers <= stateConnections) return;
    throw new Refusal(
      `topic too large: it has ${stateConnections} connections or more`,
      "too-large",
    );
  }

  /**
   * Begins to send who is there, if the client wants to know. Does nothing if
   * the channel is stopped: the reply to its join may have closed the socket.
   */
  begin(): void {
    if (this.#settings.presence || this.#handle !== undefined) this.#watch();
  }

  /**
   * Does what a client asks for, unless the message is a broadcast.
   *
   * @returns Whether it was done; `false` for a broadcast.
   * @throws {Refusal} If the client may not, or what it asks for does not exist.
   * @throws {InvalidValueError} If the payload is not valid.
   */
  handle(message: PhoenixMessage, identity: PhoenixIdentity): boolean {
    if (message.event !== "presence") return false;
    const payload = payloadOf(message);
    switch (own(payload, "event")) {
      case "track": {
        assertMayWrite(identity, [this.topic]);
        const visibility = readVisibility(payload, ACTION);
        const meta = own(payload, "payload");
        this.track(meta === undefined ? {} : meta, visibility, [this.topic]);
        this.ensureWatching();
        return true;
      }
      case "untrack":
        this.untrack();
        return true;
      default:
        throw new Refusal(
          `the event of "presence" must be "track" or "untrack"`,
        );
    }
  }

  /**
   * Makes them present, or changes their meta. Without a visibility, the one
   * from before stays, even if they were not present meanwhile.
   *
   * @param needed The contexts that they must be able to write to, to remain
   * present.
   * @throws {InvalidValueError} If the meta is too large, no object where it
   * must be, or refused as a meta.
   * @throws {ContextAtCapacityError} If the topic is full.
   * @throws {Refusal} If they are not present yet, and the topic would be too
   * large with them.
   */
  track(
    meta: TopicMeta,
    visibility: Visibility = this.#visibility,
    needed: readonly string[] = [],
  ): void {
    const whole = this.#stamped(meta);
    if (!this.#handle?.update(whole, { visibility })) {
      const { presence, origin } = this.socket;
      this.assertSmall(1);
      this.#handle = presence.track(this.topic, this.key, whole, {
        origin,
        // It lasts as long as the socket.
        ttlMs: Infinity,
        visibility,
      });
    }
    this.#visibility = visibility;
    this.needed = needed;
  }

  /** Begins to send who is there, unless it already does or is stopped. */
  ensureWatching(): void {
    if (this.#listening === undefined) this.#watch();
  }

  /** Ends their presence, with a goodbye. */
  untrack(): void {
    this.#handle?.[Symbol.dispose]();
    this.#handle = undefined;
  }

  /**
   * Applies the rights of a fresh identity, which may read the topic.
   *
   * @returns Whether the client gets a new state.
   */
  judge(identity: PhoenixIdentity): boolean {
    if (!mayWrite(identity, this.needed)) this.untrack();
    const viewer = this.#viewerOf?.(identity);
    if (viewer === undefined) return false;
    const isSame = viewer.subject === this.#viewer.subject &&
      rightsKey(viewer) === rightsKey(this.#viewer);
    if (isSame) return false;
    this.#applyViewer(viewer);
    return this.#listening !== undefined;
  }

  /**
   * Changes what they may see: what they lose leaves, what they gain joins. A
   * fresh identity no longer changes it.
   */
  setViewer(viewer: TopicViewer): void {
    this.#viewerOf = undefined;
    this.#applyViewer(viewer);
  }

  #applyViewer(viewer: TopicViewer): void {
    const { subject = this.#settings.viewer.subject } = viewer;
    this.#viewer = { ...viewer, subject };
    this.#visible = undefined;
    // The client compares the new state with what it has.
    if (this.#listening !== undefined) this.#watch();
  }

  /** Stops sending, for good; what they hold stays. */
  stop(): void {
    this.#isStopped = true;
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }

  /** Ends it without a goodbye: what they held has its grace. */
  end(): void {
    this.stop();
  }

  /**
   * Reports whether a broadcast is for them: their client can read it, and they
   * may know of the sender or, if it is their own, want it back.
   */
  accepts(
    { event, payload, key, shown }: Broadcast,
    isOwn: boolean,
  ): boolean {
    const { dialect, self } = this.#settings;
    if (!isReadBy(dialect, event, payload)) return false;
    if (isOwn) return self;
    const visible = this.#visible ??= viewerPolicy(this.#viewer);
    return shown.some((visibility) => visible(visibility, key));
  }

  /**
   * How they are shown: by this join or, if it is not present, by other joins of
   * the key. Without any presence, they are shown as they would be.
   */
  shown(): Visibility[] {
    const entries = this.socket.presence.server.store
      .snapshots({ context: this.topic, subject: this.key });
    const connection = this.#handle?.connection;
    // Others may have published entries without a resource.
    const own = connection === undefined
      ? undefined
      : entries.find(({ resource }) => resource === connection);
    if (own !== undefined) return [own.visibility];
    if (entries.length === 0) return [this.#visibility];
    return entries.map(({ visibility }) => visibility);
  }

  #watch(): void {
    if (this.#isStopped) return;
    this.#listening?.[Symbol.dispose]();
    this.#listening = this.watch(this.#viewer);
  }

  /** Begins soon to send who is there, until it is disposed of. */
  protected watch(viewer: TopicViewer): Disposable {
    const listening = this.socket.presence.listen(this.topic, {
      take: (message) => this.#take(message),
      // The caller that closes the server may have more to close.
      end: () =>
        queueMicrotask(() => this.fail(new Refusal("the server is closed"))),
      fail: (error) => this.fail(error),
    }, { viewer });
    // The reply to what has begun it goes first.
    queueMicrotask(() => {
      if (this.#listening !== listening) return;
      try {
        // It may have grown since they joined.
        this.assertSmall();
        listening.resume();
      } catch (error) {
        this.fail(error);
      }
    });
    return listening;
  }

  #take(message: TopicMessage): boolean {
    const { outbox } = this.socket;
    if (!outbox.hasRoom()) {
      this.#isBehind = true;
      this.#watchAgain().catch((error: unknown) => this.fail(error));
      return false;
    }
    const frame = this.#frameOf(message);
    if (this.#isBehind) outbox.sendAnew(frame);
    else outbox.send(frame);
    this.#isBehind = false;
    return true;
  }

  /**
   * Once there is room, the refused message may contain entries that were hidden
   * since. The state of a new watch does not.
   */
  async #watchAgain(): Promise<void> {
    const listening = this.#listening;
    const hasRoom = await this.socket.outbox.drained();
    if (hasRoom && this.#listening === listening) this.#watch();
  }

  /** Handles that it can no longer tell who is there. */
  protected fail(error: unknown): void {
    if (!this.#isStopped) this.socket.failed(this, error);
  }

  #frameOf(message: TopicMessage): string {
    const { topic, joinRef, socket: { outbox: { codec } } } = this;
    if (message.type === "diff") return diffFrame(codec, topic, message);
    const header = { joinRef, ref: null, topic, event: "presence_state" };
    return codec.encodeText(header, stateJson(message));
  }

  #stamped(meta: TopicMeta): TopicMeta {
    const { stamp, limits: { metaBytes } } = this.#settings;
    const bytes = new TextEncoder().encode(JSON.stringify(meta)).length;
    if (bytes > metaBytes) {
      const rule = `must have at most ${metaBytes} bytes as JSON`;
      throw new InvalidValueError(ACTION, "meta", rule, `${bytes} bytes`);
    }
    if (isJsonObject(meta)) {
      // Beside a stamp, no field may change the form of the meta on the wire.
      const reserved = stamp === undefined ? "phx_ref" : "phx_";
      const fields = Object.entries(meta)
        .filter(([name]) => !name.startsWith(reserved));
      return { ...Object.fromEntries(fields), ...stamp };
    }
    if (stamp === undefined) return meta;
    throw new InvalidValueError(ACTION, "meta", "must be an object", meta);
  }
}

/**
 * Reports whether a client can read a broadcast; otherwise it would fail.
 * Supabase's client takes a payload with `ids` for a change of a database, and
 * expects a broadcast to name its event.
 */
function isReadBy(
  dialect: Dialect,
  event: string,
  payload: PhoenixPayload,
): boolean {
  if (payload instanceof Uint8Array) return dialect === "phoenix";
  if (payload instanceof BinaryBroadcast) return dialect === "supabase";
  return dialect === "phoenix" || !Object.hasOwn(payload, "ids") &&
      (event.toLowerCase() !== "broadcast" ||
        typeof payload.event === "string");
}
