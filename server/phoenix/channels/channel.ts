import { InvalidValueError, type Visibility } from "../../../core/mod.ts";
import { rightsKey, viewerPolicy } from "../../mod.ts";
import {
  type PresenceHandle,
  stateJson,
  type TopicMessage,
  type TopicMeta,
  type TopicPolicy,
  type TopicPresence,
  type TopicViewer,
} from "../../topics/mod.ts";
import type { ChannelSettings } from "./channel_settings.ts";
import type { Codec } from "../frames/codec.ts";
import { DIFF_FRAMES } from "../frames/shared_frames.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import { isJsonObject, type JsonObject } from "../../internal.ts";
import {
  BinaryBroadcast,
  type PhoenixPayload,
  type Ref,
} from "../frames/message.ts";
import type { Outbox } from "../outbox.ts";
import { Refusal } from "../refusal.ts";
import { mayWrite } from "../rights/rights.ts";

const ACTION = "track presence";

/** What a channel needs of its socket. */
export interface ChannelSocket {
  /** The origin of what it holds. */
  readonly origin: string;
  /** What goes out. */
  readonly outbox: Outbox;
  /** Takes note that a channel can't tell who is there any more. */
  failed(channel: Channel, error: unknown): void;
}

/** One join of a topic by a socket, from the join to the leave. */
export class Channel {
  readonly #presence: TopicPresence;
  readonly #socket: ChannelSocket;
  readonly #settings: ChannelSettings;
  #viewer: TopicViewer;
  #viewerOf: ChannelSettings["viewerOf"];
  #visible: TopicPolicy;
  #visibility: Visibility;
  #handle: PresenceHandle | undefined;
  #needed: readonly string[] = [];
  #watching: AbortController | undefined;
  /** Whether a message was left out that a state is to make up for. */
  #isBehind = false;
  #isStopped = false;

  /** Makes a channel; nobody hears of it before it is told to begin. */
  constructor(
    presence: TopicPresence,
    socket: ChannelSocket,
    settings: ChannelSettings,
  ) {
    this.#presence = presence;
    this.#socket = socket;
    this.#settings = settings;
    this.#viewer = settings.viewer;
    this.#viewerOf = settings.viewerOf;
    this.#visible = viewerPolicy(settings.viewer);
    this.#visibility = settings.visibility ?? "public";
  }

  /** The topic. */
  get topic(): string {
    return this.#settings.topic;
  }

  /** The ref of the join. */
  get joinRef(): Ref | null {
    return this.#settings.joinRef;
  }

  /** The key that they are present under. */
  get key(): string {
    return this.#settings.key;
  }

  /** What the client finds in the reply to its join. */
  get greeting(): JsonObject {
    return {};
  }

  /** Whether it tells nothing any more. */
  protected get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Begins to tell who is there, if the client wants to know, and the channel
   * has not been stopped: the reply to its join may have closed the socket.
   */
  begin(): void {
    if (this.#settings.presence || this.#handle !== undefined) this.#watch();
  }

  /**
   * Makes them present, or changes what is told of them. The visibility stays
   * as it was, if none is given, also if they were not present meanwhile. By
   * right is what the client has asked for: it ends with the right to write.
   *
   * @throws {InvalidValueError} If the meta is too large, no object where it
   * must be, or refused as a meta.
   * @throws {ContextAtCapacityError} If the topic is full.
   */
  track(
    meta: TopicMeta,
    visibility: Visibility = this.#visibility,
    isByRight = false,
  ): void {
    const whole = this.#stamped(meta);
    if (!this.#handle?.update(whole, { visibility })) {
      this.#handle = this.#presence.track(this.topic, this.key, whole, {
        origin: this.#socket.origin,
        // It lasts as long as the socket.
        ttlMs: Infinity,
        visibility,
      });
    }
    this.#visibility = visibility;
    this.#needed = isByRight ? [this.topic] : [];
  }

  /** Begins to tell who is there, unless it does already or has been stopped. */
  attend(): void {
    if (this.#watching === undefined) this.#watch();
  }

  /** Ends their presence: it is a goodbye. */
  untrack(): void {
    this.#handle?.[Symbol.dispose]();
    this.#handle = undefined;
  }

  /** The contexts that they must be able to write to, to be present as they are. */
  protected get needed(): readonly string[] {
    return this.#needed;
  }

  /**
   * Heeds what a fresh identity of theirs, which may read it, may do.
   *
   * @returns Whether it is told anew who is there.
   */
  judge(identity: PhoenixIdentity): boolean {
    if (!mayWrite(identity, this.needed)) this.untrack();
    const viewer = this.#viewerOf?.(identity);
    if (viewer === undefined || isSameViewer(viewer, this.#viewer)) {
      return false;
    }
    this.#see(viewer);
    return this.#watching !== undefined;
  }

  /**
   * Changes what they may see: what they lose leaves, what they gain joins. A
   * fresh identity changes it no more.
   */
  setViewer(viewer: TopicViewer): void {
    this.#viewerOf = undefined;
    this.#see(viewer);
  }

  #see(viewer: TopicViewer): void {
    const { subject = this.#settings.viewer.subject } = viewer;
    this.#viewer = { ...viewer, subject };
    this.#visible = viewerPolicy(this.#viewer);
    // The state that it begins with is compared with what the client has.
    if (this.#watching !== undefined) this.#watch();
  }

  /** Ends what it tells, for good; what they hold stays. */
  stop(): void {
    this.#isStopped = true;
    this.#watching?.abort();
    this.#watching = undefined;
  }

  /** Ends it without a goodbye: what they held has its grace. */
  end(): void {
    this.stop();
  }

  /** Whether they want their own broadcasts back. */
  get hearsItself(): boolean {
    return this.#settings.self;
  }

  /** Whether a broadcast is for them: who is shown to others alone is not heard. */
  hears(key: string, shown: readonly Visibility[]): boolean {
    return shown.some((visibility) => this.#visible(visibility, key));
  }

  /** Whether their client can read a broadcast; it would fail if it can't. */
  reads(event: string, payload: PhoenixPayload): boolean {
    const { dialect } = this.#settings;
    if (payload instanceof Uint8Array) return dialect === "phoenix";
    if (payload instanceof BinaryBroadcast) return dialect === "supabase";
    return dialect === "phoenix" || isReadBySupabase(event, payload);
  }

  /** How their client wants its frames. */
  get codec(): Codec {
    return this.#socket.outbox.codec;
  }

  /** Sends a frame, unless they are behind. */
  offer(frame: string | Uint8Array | undefined): void {
    this.#socket.outbox.offer(frame);
  }

  /**
   * How they are shown: by this join or, if it is not present, by others of the
   * key. Who is not present at all is shown as they would be.
   */
  shown(): Visibility[] {
    const entries = this.#presence.server.store
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
    this.#watching?.abort();
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    this.#tell(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#socket.failed(this, error);
    });
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { outbox } = this.#socket;
    const options = { viewer: this.#viewer, signal };
    for await (const message of this.#presence.watch(this.topic, options)) {
      // It was on its way when it ended, or the rights changed.
      if (signal.aborted) return;
      if (!outbox.hasRoom()) {
        this.#isBehind = true;
        // By the time there is room the message may tell of who has hidden
        // since. The state of a new watch does not.
        const isOver = await outbox.drained();
        if (isOver && !signal.aborted) this.#watch();
        return;
      }
      const frame = this.#frameOf(message);
      if (this.#isBehind) outbox.sendAnew(frame);
      else outbox.send(frame);
      this.#isBehind = false;
    }
    if (!signal.aborted) throw new Refusal("the server is closed");
  }

  #frameOf(message: TopicMessage): string {
    const { codec } = this;
    if (message.type === "diff") {
      return DIFF_FRAMES.of(codec, this.topic, message);
    }
    const { topic, joinRef } = this;
    const header = { joinRef, ref: null, topic, event: "presence_state" };
    return codec.encodeText(header, stateJson(message));
  }

  #stamped(meta: TopicMeta): TopicMeta {
    const { stamp, metaBytes } = this.#settings;
    const bytes = new TextEncoder().encode(JSON.stringify(meta)).length;
    if (bytes > metaBytes) {
      const rule = `must have at most ${metaBytes} bytes as JSON`;
      throw new InvalidValueError(ACTION, "meta", rule, `${bytes} bytes`);
    }
    if (isJsonObject(meta)) {
      // Beside a stamp no field may make the meta be told in another form.
      const reserved = stamp === undefined ? "phx_ref" : "phx_";
      const fields = Object.entries(meta)
        .filter(([name]) => !name.startsWith(reserved));
      return { ...Object.fromEntries(fields), ...stamp };
    }
    if (stamp === undefined) return meta;
    throw new InvalidValueError(ACTION, "meta", "must be an object", meta);
  }
}

function isSameViewer(one: TopicViewer, other: TopicViewer): boolean {
  return one.subject === other.subject && rightsKey(one) === rightsKey(other);
}

/**
 * Supabase's client takes whatever has `ids` for a change of a database, and
 * expects a broadcast to name its event.
 */
function isReadBySupabase(event: string, payload: JsonObject): boolean {
  return !Object.hasOwn(payload, "ids") &&
    (event.toLowerCase() !== "broadcast" ||
      typeof payload.event === "string");
}
