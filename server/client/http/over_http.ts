import { assertVisibility } from "../../../core/assert.ts";
import type { FacetPatch, Visibility } from "../../../core/mod.ts";
import {
  ACTIVITY_FACETS,
  readCursorMove,
  readViewport,
} from "../../documents/internal.ts";
import {
  isJsonObject,
  type JsonObject,
  liveBatchOf,
  parseJson,
} from "../../internal.ts";
import { textIn } from "../base64url.ts";
import { uniqueName } from "../joined_topic.ts";
import type { LiveModel } from "../live_room.ts";
import {
  isMessage,
  type Message,
  type OpenWire,
  type Wire,
  type WireEvents,
} from "../wire.ts";
import type { ClientBatch } from "./client_options.ts";
import { PresenceClient, type WireUpdate } from "./presence_client.ts";
import { PresenceRequestError } from "./request_error.ts";

/** How long an entry lives without a sign of life, and how often there is one. */
const TTL_MS = 30_000;
const REFRESH_MS = 10_000;

/** How long typing lasts after the last key; services grant no less. */
const TYPING_MS = 1_000;

/** The code of a close without a goodbye. */
const LOST = 1006;

/** What a message changes of an entry. */
type Change = Pick<
  WireUpdate<LiveModel>,
  "facets" | "facetTtlsMs" | "visibility"
>;

/**
 * Takes the place of a socket by HTTP and Server-Sent Events, for networks that
 * block sockets. It carries who is there, and no broadcasts; a closed tab is
 * there for up to 30 seconds more.
 *
 * @param url The URL of the service.
 * @returns Opens connections.
 *
 * @example Usage
 * ```ts
 * import { LiveClient, overHttp } from "@ruthere/presence/client";
 *
 * using client = new LiveClient({
 *   url: "https://presence.example.com",
 *   fallback: overHttp,
 * });
 * ```
 */
export function overHttp(url: URL): OpenWire {
  return (protocols, events) => {
    const wire = new HttpWire(url, tokenIn(protocols), events);
    queueMicrotask(() => events.opened());
    return wire;
  };
}

/** Does by HTTP what the messages of rooms ask for. */
class HttpWire implements Wire {
  readonly #events: WireEvents;
  readonly #client: PresenceClient<LiveModel>;
  readonly #ended = new AbortController();
  readonly #rooms = new Map<string, HttpRoom>();
  readonly #refresh: ReturnType<typeof setInterval>;
  #token: string | undefined;

  constructor(url: URL, token: string | undefined, events: WireEvents) {
    this.#events = events;
    this.#token = token;
    this.#client = new PresenceClient<LiveModel>({
      url,
      headers: (): HeadersInit =>
        this.#token === undefined
          ? {}
          : { authorization: `Bearer ${this.#token}` },
      signal: this.#ended.signal,
      onRetry: () => this.#lost(),
    });
    this.#refresh = setInterval(() => {
      for (const room of this.#rooms.values()) {
        room.refresh().catch((error: unknown) => this.#failed(room, error));
      }
    }, REFRESH_MS);
  }

  send(frame: string): void {
    const message: unknown = parseJson(frame);
    if (!isMessage(message)) return;
    this.#do(message).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#reply(message, "error", { reason });
    });
  }

  close(): void {
    clearInterval(this.#refresh);
    this.#ended.abort();
  }

  async #do(message: Message): Promise<void> {
    const [, , topic, event, payload] = message;
    const room = this.#rooms.get(topic);
    if (event === "phx_join") {
      room?.end();
      return await this.#join(message);
    }
    if (event === "phx_leave") {
      this.#rooms.delete(topic);
      await room?.leave();
    } else if (event === "access_token") {
      this.#token = String(payload.access_token);
    } else if (event !== "heartbeat") {
      await room?.publish(changeOf(event, payload));
    }
    this.#reply(message, "ok", {});
  }

  async #join(message: Message): Promise<void> {
    const [joinRef, , topic, , payload] = message;
    const former = this.#rooms.get(topic);
    const room = new HttpRoom(this.#client, joinRef, {
      // The service knows whose a token is.
      subject: this.#token === undefined ? String(payload.key) : undefined,
      context: topic,
      resource: resourceIn(payload),
    });
    this.#rooms.set(topic, room);
    await former?.idle;
    const first = firstOf(payload);
    if (first !== undefined) await room.publish(first);
    /** The state until it is complete; then the reply goes first. */
    let parts: ClientBatch<LiveModel>[] | undefined = [];
    const tell = (batch: ClientBatch<LiveModel>) =>
      this.#emit(joinRef, null, topic, "presence_entries", liveBatchOf(batch));
    try {
      for await (const batch of room.watch()) {
        if (parts === undefined) {
          tell(batch);
          continue;
        }
        parts.push(batch);
        if (batch.type === "baseline" && !batch.last) continue;
        const response = room.greetingIn(parts, payload);
        this.#reply(message, "ok", response);
        parts.forEach(tell);
        parts = undefined;
      }
    } catch (error) {
      if (parts !== undefined) throw error;
      this.#failed(room, error);
    }
  }

  /** Lets a room join again if the service refuses it, else all of them. */
  #failed({ joinRef, context }: HttpRoom, error: unknown): void {
    if (!(error instanceof PresenceRequestError)) return this.#lost();
    this.#emit(joinRef, null, context, "phx_error", {});
  }

  #lost(): void {
    if (this.#ended.signal.aborted) return;
    this.close();
    this.#events.closed(LOST, "");
  }

  #reply(
    [joinRef, ref, topic]: Message,
    status: "ok" | "error",
    response: JsonObject,
  ): void {
    this.#emit(joinRef, ref, topic, "phx_reply", { status, response });
  }

  #emit(...message: readonly unknown[]): void {
    if (this.#ended.signal.aborted) return;
    this.#events.received(JSON.stringify([message]));
  }
}

/** The own entry of a room. */
interface RoomKey {
  readonly subject: string | undefined;
  readonly context: string;
  readonly resource: string;
}

/** As a socket says that the client may watch, and not be present. */
const ONLY_READER = "unauthorized to publish here";

function isForbidden(error: unknown): boolean {
  return error instanceof PresenceRequestError && error.status === 403;
}

/** A room, and the own entry in it. */
class HttpRoom {
  /** The ref of its join. */
  readonly joinRef: unknown;
  readonly #client: PresenceClient<LiveModel>;
  readonly #ended = new AbortController();
  #key: RoomKey;
  /** What the entry is, whole: it may have expired meanwhile. */
  #entry: Change | undefined;
  /** Settles after the latest request: one must not overtake another. */
  #latest: Promise<void> = Promise.resolve();

  constructor(
    client: PresenceClient<LiveModel>,
    joinRef: unknown,
    key: RoomKey,
  ) {
    this.#client = client;
    this.joinRef = joinRef;
    this.#key = key;
  }

  get context(): string {
    return this.#key.context;
  }

  /** Settles when nothing is on its way, and never rejects. */
  get idle(): Promise<void> {
    return this.#latest.catch(() => {});
  }

  watch(): AsyncIterable<ClientBatch<LiveModel>> {
    const { signal } = this.#ended;
    return this.#client.watch({ context: this.context, signal });
  }

  publish(change: Change): Promise<void> {
    const { facets, facetTtlsMs = {}, visibility } = change;
    // A facet that ends by itself does not come back.
    const lasting = Object.entries({ ...this.#entry?.facets, ...facets })
      .filter(([name]) => !Object.hasOwn(facetTtlsMs, name));
    this.#entry = {
      facets: patchOf(Object.fromEntries(lasting)),
      visibility: visibility ?? this.#entry?.visibility,
    };
    return this.#inTurn(() => this.#send(change));
  }

  async refresh(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#entry !== undefined) await this.#send(this.#entry);
    });
  }

  async leave(): Promise<void> {
    this.end();
    if (this.#entry === undefined) return;
    this.#entry = undefined;
    await this.#inTurn(async () => {
      await this.#client.withdraw(this.#key);
    });
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    return this.#latest = this.idle.then(act);
  }

  async #send(change: Change): Promise<void> {
    try {
      await this.#client.publish({ ...this.#key, ...change, ttlMs: TTL_MS });
    } catch (error) {
      if (!isForbidden(error)) throw error;
      // A cookie may say who it is. Otherwise it may only watch.
      if (this.#key.subject === undefined) throw new Error(ONLY_READER);
      this.#key = { ...this.#key, subject: undefined };
      await this.#send(change);
    }
  }

  /** Ends the watch; the entry stays. */
  end(): void {
    this.#ended.abort();
  }

  /** Returns the reply to the join: how the service knows this client. */
  greetingIn(
    state: readonly ClientBatch<LiveModel>[],
    { key }: JsonObject,
  ): JsonObject {
    const { resource } = this.#key;
    const own = state
      .flatMap((batch) => batch.type === "baseline" ? batch.snapshots : [])
      .find((snapshot) => snapshot.resource === resource);
    return {
      key: own?.subject ?? String(key),
      resource,
      ...own && { origin: own.origin },
      ...this.#entry && { session_id: resource },
    };
  }
}

/** Returns what makes a client present; `undefined` if it only watches. */
function firstOf(payload: JsonObject): Change | undefined {
  const { live, name, avatar_url: avatarUrl } = payload;
  if (typeof name === "string") {
    const meta = { value: { name, avatar_url: avatarUrl } };
    return {
      facets: patchOf({ meta, ...ACTIVITY_FACETS.viewing, focused: true }),
    };
  }
  if (!isJsonObject(live) || live.facets === undefined) return undefined;
  return changeOf("update", { ...payload, facets: live.facets });
}

/** Returns what a message changes of the own entry. */
function changeOf(event: string, payload: JsonObject): Change {
  switch (event) {
    case "update": {
      const { facets, facetTtlsMs, visibility } = payload;
      return {
        facets: patchOf(facets),
        facetTtlsMs: isTtls(facetTtlsMs) ? facetTtlsMs : undefined,
        visibility: visibilityOf(visibility),
      };
    }
    case "cursor": {
      const { cursor, selection } = readCursorMove(payload);
      const doing = selection === null
        ? ACTIVITY_FACETS.viewing
        : ACTIVITY_FACETS.selecting;
      return { facets: patchOf({ cursor, selection, ...doing }) };
    }
    case "viewport":
      return { facets: patchOf({ viewport: readViewport(payload) }) };
    case "focus": {
      const doing = payload.hidden === true
        ? ACTIVITY_FACETS.away
        : ACTIVITY_FACETS.viewing;
      return { facets: patchOf({ focused: payload.focused, ...doing }) };
    }
    case "typing": {
      if (payload.is_typing === false) {
        return {
          facets: patchOf({ typing: null, ...ACTIVITY_FACETS.viewing }),
        };
      }
      const facets = patchOf({ typing: true, ...ACTIVITY_FACETS.editing });
      const facetTtlsMs = { typing: TYPING_MS, activity: TYPING_MS };
      return { facets, facetTtlsMs };
    }
    default:
      throw new Error("there is no socket for broadcasts");
  }
}

/** The name of the connection; without one it gets a new one. */
function resourceIn({ live }: JsonObject): string {
  const resource = isJsonObject(live) ? live.resource : undefined;
  return typeof resource === "string" ? resource : uniqueName();
}

function visibilityOf(value: unknown): Visibility | undefined {
  if (value === undefined) return undefined;
  assertVisibility(value, "visibility", "publish update");
  return value;
}

/** The service checks the facets. */
function patchOf(facets: unknown): FacetPatch<LiveModel> {
  return isPatch(facets) ? facets : {};
}

function isPatch(value: unknown): value is FacetPatch<LiveModel> {
  return isJsonObject(value);
}

function isTtls(
  value: unknown,
): value is NonNullable<Change["facetTtlsMs"]> {
  return isJsonObject(value);
}

function tokenIn(protocols: readonly string[]): string | undefined {
  const [, encoded] = protocols.join().split(".phx.");
  return encoded === undefined ? undefined : textIn(encoded);
}
