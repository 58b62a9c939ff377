import type { Visibility } from "../../core/mod.ts";
import { viewerPolicy } from "../mod.ts";
import type {
  JsonValue,
  PresenceHandle,
  TopicMessage,
  TopicPolicy,
  TopicPresence,
  TopicViewer,
} from "../topics/mod.ts";
import type { Codec } from "./codec.ts";
import { diffFrame, stateJson } from "./frames.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import type { Dialect } from "./join_params.ts";
import { BinaryBroadcast, type PhoenixPayload, type Ref } from "./message.ts";
import { Refusal } from "./refusal.ts";

/** What a channel needs of its socket. */
export interface ChannelSocket {
  /** How the client wants its frames. */
  readonly codec: Codec;
  /** The origin of what it holds. */
  readonly origin: string;
  /** Sends a frame. */
  send(frame: string | Uint8Array | undefined): void;
  /** Sends a frame that may be left out, if there is room. */
  offer(frame: string | Uint8Array | undefined): void;
  /** Waits until there is room for a frame; `false` if it closes before. */
  writable(): Promise<boolean>;
  /** Takes note that a channel can't tell who is there any more. */
  failed(channel: Channel, error: unknown): void;
}

/** How somebody is in a topic. */
export interface ChannelSettings {
  /** The topic. */
  readonly topic: string;
  /** The ref of the join. */
  readonly joinRef: Ref | null;
  /** The key that they are present under. */
  readonly key: string;
  /** What they may see. */
  readonly viewer: TopicViewer;
  /** Fields that every meta of theirs has. */
  readonly stamp: JsonObject | undefined;
  /** Whether they want their own broadcasts back. */
  readonly self: boolean;
  /** Whether they want to know who is there, before they are there. */
  readonly presence: boolean;
  /** Which frames of bytes their client can read. */
  readonly dialect: Dialect;
  /** Bytes of a meta, as JSON. */
  readonly metaBytes: number;
}

/** One join of a topic by a socket, from the join to the leave. */
export class Channel {
  readonly #presence: TopicPresence;
  readonly #socket: ChannelSocket;
  readonly #settings: ChannelSettings;
  #viewer: TopicViewer;
  #visible: TopicPolicy;
  #handle: PresenceHandle | undefined;
  #watching: AbortController | undefined;

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
    this.#visible = viewerPolicy(settings.viewer);
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

  /** Begins to tell who is there, if the client wants to know. */
  begin(): void {
    if (this.#settings.presence || this.#handle !== undefined) this.#watch();
  }

  /**
   * Makes them present, or changes what is told of them.
   *
   * @throws {Refusal} If the meta is too large, or no object where it must be.
   * @throws {InvalidValueError} If it is refused as a meta.
   * @throws {ContextAtCapacityError} If the topic is full.
   */
  track(meta: JsonValue, visibility: Visibility | undefined): void {
    const whole = this.#stamped(meta);
    if (this.#handle?.update(whole, { visibility })) return;
    this.#handle = this.#presence.track(this.topic, this.key, whole, {
      origin: this.#socket.origin,
      // It lasts as long as the socket.
      ttlMs: Infinity,
      visibility: visibility ?? this.#handle?.visibility,
    });
  }

  /** Begins to tell who is there, unless it does already. */
  attend(): void {
    if (this.#watching === undefined) this.#watch();
  }

  /** Ends their presence: it is a goodbye. */
  untrack(): void {
    this.#handle?.[Symbol.dispose]();
    this.#handle = undefined;
  }

  /** Changes what they may see: what they lose leaves, what they gain joins. */
  setViewer(viewer: TopicViewer): void {
    this.#viewer = { ...viewer, subject: viewer.subject ?? this.key };
    this.#visible = viewerPolicy(this.#viewer);
    // The state that it begins with is compared with what the client has.
    if (this.#watching !== undefined) this.#watch();
  }

  /** Ends it without a goodbye: what they held has its grace. */
  end(): void {
    this.#watching?.abort();
    this.#watching = undefined;
  }

  /**
   * Whether a broadcast is for them: who is shown to others alone is not heard,
   * who is not present at all is.
   */
  hears(sender: Channel, shown: readonly Visibility[]): boolean {
    if (sender === this) return this.#settings.self;
    return shown.length === 0 ||
      shown.some((visibility) => this.#visible(visibility, sender.key));
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
    return this.#socket.codec;
  }

  /** Sends a frame, unless they are behind. */
  offer(frame: string | Uint8Array | undefined): void {
    this.#socket.offer(frame);
  }

  /** How they are shown: by this join or, if it is not present, by others. */
  shown(): Visibility[] {
    const entries = this.#presence.server.store
      .snapshots({ context: this.topic, subject: this.key });
    const connection = this.#handle?.connection;
    // Others may have published entries without a resource.
    const own = connection === undefined
      ? undefined
      : entries.find(({ resource }) => resource === connection);
    return (own === undefined ? entries : [own])
      .map(({ visibility }) => visibility);
  }

  #watch(): void {
    this.#watching?.abort();
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    this.#tell(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#socket.failed(this, error);
    });
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const options = { viewer: this.#viewer, signal };
    for await (const message of this.#presence.watch(this.topic, options)) {
      if (!await this.#socket.writable() || signal.aborted) return;
      this.#socket.send(this.#frameOf(message));
    }
    if (!signal.aborted) throw new Refusal("the server is closed");
  }

  #frameOf(message: TopicMessage): string {
    const { codec } = this.#socket;
    if (message.type === "diff") return diffFrame(codec, this.topic, message);
    const json = stateJson(message);
    return codec
      .encodeJsonPush(this.joinRef, this.topic, "presence_state", json);
  }

  #stamped(meta: JsonValue): JsonValue {
    const { stamp, metaBytes } = this.#settings;
    const bytes = new TextEncoder().encode(JSON.stringify(meta)).length;
    if (bytes > metaBytes) {
      throw new Refusal(
        `Cannot track presence: the meta has ${bytes} bytes, more than ${metaBytes}`,
      );
    }
    if (isJsonObject(meta)) {
      const fields = Object.entries(meta)
        .filter(([name]) => !name.startsWith("phx_ref"));
      return { ...Object.fromEntries(fields), ...stamp };
    }
    if (stamp === undefined) return meta;
    throw new Refusal("Cannot track presence: the meta must be an object");
  }
}

/**
 * Supabase's client takes whatever has `ids` for a change of a database, and
 * expects a broadcast to name its event.
 */
function isReadBySupabase(event: string, payload: JsonObject): boolean {
  return !Object.hasOwn(payload, "ids") &&
    (event !== "broadcast" || typeof payload.event === "string");
}
