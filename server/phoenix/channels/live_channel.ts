import {
  type FacetDeadlines,
  type FacetPatch,
  InvalidValueError,
  type Visibility,
} from "../../../core/mod.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../internal.ts";
import {
  HeldEntry,
  type TopicModel,
  type TopicViewer,
} from "../../topics/mod.ts";
import type { PhoenixMessage } from "../frames/message.ts";
import { batchFrame } from "../frames/shared_frames.ts";
import { own, payloadOf } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import { assertMayWrite } from "../rights/rights.ts";
import { Channel, type ChannelSocket } from "./channel.ts";
import type { ChannelSettings } from "./channel_settings.ts";
import { type LiveParams, readVisibility } from "./join_params.ts";

const ACTION = "update presence";

/** How many facets an entry may have. */
const MAX_FACETS = 64;

/** The facets that a client can't set. */
const OF_THE_SERVER = ["lastSeen", "meta", "visit"];

/**
 * One join of a context by a live client. Its presence is an entry with facets,
 * and it receives the batches of a watch in place of metas.
 */
export class LiveChannel extends Channel {
  readonly #resource: string;
  readonly #facetBytes: number;
  #visibility: Visibility;
  #entry: HeldEntry | undefined;

  /** Makes a channel, which sends nothing before it begins. */
  constructor(
    socket: ChannelSocket,
    settings: ChannelSettings,
    { resource = crypto.randomUUID() }: LiveParams,
  ) {
    super(socket, settings);
    // Nobody takes an entry over by a key that they have only claimed.
    this.#resource = settings.isClaimed ? crypto.randomUUID() : resource;
    this.#facetBytes = settings.limits.metaBytes;
    this.#visibility = settings.visibility ?? "public";
  }

  /**
   * Makes the client present.
   *
   * @throws {InvalidValueError} If a facet is not valid, or they are too large.
   * @throws {ContextAtCapacityError} If the context is full.
   */
  enter(facets: JsonObject, needed: readonly string[]): void {
    this.needed = needed;
    this.#begin(this.#patchOf(facets, {}), this.#visibility);
  }

  /** The name of the connection, and the origin of its entry. */
  override get greeting(): JsonObject {
    return { resource: this.#resource, origin: this.socket.origin };
  }

  /** Asserts nothing: a state has parts. */
  override assertCanBegin(): void {}

  /** Begins to send who is there. */
  override begin(): void {
    this.ensureWatching();
  }

  /**
   * Does what a client asks for, unless the message is a broadcast.
   *
   * @throws {Refusal} If the client may not, or another connection has its name.
   * @throws {InvalidValueError} If the payload is not valid.
   */
  override handle(message: PhoenixMessage, identity: PhoenixIdentity): boolean {
    switch (message.event) {
      case "update":
        assertMayWrite(identity, [this.topic]);
        this.#update(payloadOf(message));
        return true;
      case "presence":
        this.track();
    }
    return false;
  }

  /**
   * Refuses: a live client has facets.
   *
   * @throws {Refusal} Always.
   */
  override track(): never {
    throw new Refusal(`a live client has no meta: send "update"`);
  }

  /** Withdraws the entry: a goodbye. Another one takes another join. */
  override untrack(): void {
    this.#entry?.withdraw();
  }

  /** How the client is shown. */
  override shown(): Visibility[] {
    return this.#entry?.isPresent ? [this.#visibility] : super.shown();
  }

  /** Sends the batches of a watch. */
  protected override watch(viewer: TopicViewer): Disposable {
    return sendEntries(this, viewer, (error) => this.fail(error));
  }

  #update(payload: JsonObject): void {
    const facets = own(payload, "facets") ?? {};
    const facetTtlsMs = own(payload, "facetTtlsMs") ?? {};
    const visibility = readVisibility(payload, ACTION) ?? this.#visibility;
    const entry = this.#entry;
    const { store } = this.socket.presence.server;
    const former = entry && store.snapshot(entry.key);
    const patch = this.#patchOf(facets, former?.facets ?? {});
    const facetDeadlines = this.#deadlinesOf(facetTtlsMs, patch);
    if (entry === undefined) {
      this.#begin(patch, visibility, facetDeadlines);
      this.needed = [this.topic];
    } else if (entry.publish({ facets: patch, visibility, facetDeadlines })) {
      this.#visibility = visibility;
    } else {
      const isTaken = store
        .snapshots({ context: this.topic, subject: this.key })
        .some(({ resource }) => resource === this.#resource);
      throw new Refusal(
        isTaken
          ? "another connection has the name of this one"
          // The update is only a part of what the client shows.
          : "no longer present: join again",
      );
    }
  }

  #begin(
    facets: FacetPatch<TopicModel>,
    visibility: Visibility,
    facetDeadlines?: FacetDeadlines<TopicModel>,
  ): void {
    const { origin, presence: { server } } = this.socket;
    const key = {
      subject: this.key,
      context: this.topic,
      resource: this.#resource,
      origin,
    };
    // It lasts as long as the socket.
    const settings = { key, ttlMs: Infinity };
    this.#entry = new HeldEntry(server, settings, {
      facets,
      visibility,
      facetDeadlines,
    });
    this.#visibility = visibility;
  }

  #patchOf(facets: JsonValue, former: object): FacetPatch<TopicModel> {
    if (!isPatch(facets)) {
      const rule = "must be an object without lastSeen, meta and visit";
      throw new InvalidValueError(ACTION, "facets", rule, facets);
    }
    const all = Object.entries({ ...former, ...facets })
      .filter(([name, value]) => value !== null && name !== "visit");
    const text = JSON.stringify(Object.fromEntries(all));
    const bytes = new TextEncoder().encode(text).length;
    if (all.length <= MAX_FACETS && bytes <= this.#facetBytes) return facets;
    const rule =
      `must be at most ${MAX_FACETS} in all, and ${this.#facetBytes} bytes as JSON`;
    const given = `${all.length} and ${bytes} bytes`;
    throw new InvalidValueError(ACTION, "facets", rule, given);
  }

  #deadlinesOf(
    ttlsMs: JsonValue,
    patch: FacetPatch<TopicModel>,
  ): FacetDeadlines<TopicModel> {
    const { now } = this.socket.presence.server;
    const set = new Map(Object.entries(patch));
    const deadlines = new Map<string, number>();
    for (
      const [name, ttlMs] of Object.entries(isJsonObject(ttlsMs) ? ttlsMs : {})
    ) {
      const isTtl = typeof ttlMs === "number" && ttlMs > 0 &&
        Number.isFinite(ttlMs);
      if (!isTtl || (set.get(name) ?? null) === null) {
        const rule = "must be milliseconds above 0 of a facet that is set";
        throw new InvalidValueError(ACTION, `facetTtlsMs.${name}`, rule, ttlMs);
      }
      deadlines.set(name, now + ttlMs);
    }
    return Object.fromEntries(deadlines);
  }
}

/** Sends the batches of a watch to a live client until it is disposed of. */
export function sendEntries(
  { topic, socket: { outbox, presence: { server } } }: Channel,
  viewer: TopicViewer,
  onError: (error: unknown) => void,
): Disposable {
  const ended = new AbortController();
  const { signal } = ended;
  send().catch((error: unknown) => {
    if (!signal.aborted) onError(error);
  });
  return { [Symbol.dispose]: () => ended.abort() };

  async function send(): Promise<void> {
    const watch = server.watch({ context: topic, viewer, signal });
    for await (const batch of watch) {
      if (signal.aborted) return;
      outbox.send(batchFrame(outbox.codec, topic, batch));
      // While nobody reads, the watch holds no more than a position.
      if (!outbox.hasRoom() && !await outbox.drained()) return;
    }
    if (!signal.aborted) throw new Refusal("the server is closed");
  }
}

/** The server checks the facets that it knows. */
function isPatch(
  facets: JsonValue,
): facets is JsonObject & FacetPatch<TopicModel> {
  return isJsonObject(facets) &&
    OF_THE_SERVER.every((name) => !Object.hasOwn(facets, name));
}
