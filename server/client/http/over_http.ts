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

/**
 * How long an entry lives without a sign of life, and how often there is one. In
 * a hidden tab, browsers let a timer run only once a minute.
 */
const TTL_MS = 90_000;
const REFRESH_MS = 10_000;

/** How long it lives once its client has gone: a reload takes it over. */
const GRACE_MS = 10_000;

/** How long the service may take to answer. */
const PATIENCE_MS = 10_000;

/** Each has a stream, and by HTTP/1.1 browsers open six connections to a host. */
const MAX_ROOMS = 4;

/** How long typing lasts after the last key; services grant no less. */
const TYPING_MS = 1_000;

/** The codes of a close: without a goodbye, or as no token helps but another. */
const LOST = 1006;
const POLICY_VIOLATION = 1008;

/** What a socket says as well, for rooms and their clients to know it. */
const REVOKED = "revoked";
const UNAUTHORIZED = "unauthorized";
const ONLY_READER = "unauthorized to publish here";
const TOO_MANY = "too many messages";

/** What a message changes of an entry. */
type Change = Pick<
  WireUpdate<LiveModel>,
  "facets" | "facetTtlsMs" | "visibility"
>;

/**
 * Takes the place of a socket by HTTP and Server-Sent Events, for networks that
 * block sockets. It carries who is there in up to four rooms at once, and no
 * broadcasts. A closed tab is there for ten seconds more, and one that has crashed
 * for up to 90.
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
  readonly #requests: Requests;
  readonly #rooms = new Map<string, HttpRoom>();
  readonly #refresh: ReturnType<typeof setInterval>;
  readonly #sayGoodbye = () => {
    for (const room of this.#rooms.values()) room.sayGoodbye();
  };
  #isOpen = true;
  #token: string | undefined;

  constructor(url: URL, token: string | undefined, events: WireEvents) {
    this.#events = events;
    this.#token = token;
    this.#requests = new Requests(
      url,
      () => this.#token,
      (code, reason) => this.#lost(code, reason),
    );
    this.#refresh = setInterval(() => this.#refreshAll(), REFRESH_MS);
    globalThis.addEventListener?.("pagehide", this.#sayGoodbye);
  }

  send(frame: string): void {
    const message: unknown = parseJson(frame);
    if (!isMessage(message)) return;
    this.#do(message).catch((error: unknown) =>
      this.#reply(message, "error", { reason: reasonOf(error) })
    );
  }

  /** Closes it; what was asked for before is still done. */
  close(): void {
    if (!this.#isOpen) return;
    this.#sayGoodbye();
    this.#stop();
  }

  async #do(message: Message): Promise<void> {
    const [, , topic, event, payload] = message;
    const room = this.#rooms.get(topic);
    if (event === "phx_join") return await this.#join(message);
    if (event === "phx_leave") {
      this.#rooms.delete(topic);
      await room?.leave();
    } else if (event === "access_token") {
      this.#token = String(payload.access_token);
      // An entry ends with the token that has published it.
      this.#refreshAll();
    } else if (event !== "heartbeat") {
      await room?.publish(changeOf(event, payload));
    }
    this.#reply(message, "ok", {});
  }

  async #join(message: Message): Promise<void> {
    const [joinRef, , topic, , payload] = message;
    this.#rooms.get(topic)?.end();
    this.#rooms.delete(topic);
    if (this.#rooms.size >= MAX_ROOMS) {
      throw new Error(`there is no socket for more than ${MAX_ROOMS} rooms`);
    }
    const room = new HttpRoom(this.#requests, joinRef, {
      // The service knows whose a token is.
      subject: this.#token === undefined ? String(payload.key) : undefined,
      context: topic,
      resource: resourceIn(payload),
    });
    this.#rooms.set(topic, room);
    const first = firstOf(payload);
    try {
      if (first !== undefined) await room.publish(first);
      await this.#watch(room, message);
    } catch (error) {
      if (this.#rooms.get(topic) === room) this.#rooms.delete(topic);
      room.leave().catch(() => {});
      throw error;
    }
  }

  /** Tells what happens in a room, until it ends. */
  async #watch(room: HttpRoom, message: Message): Promise<void> {
    const [joinRef, , topic, , payload] = message;
    /** The state until it is complete; then the reply goes first. */
    let parts: ClientBatch<LiveModel>[] | undefined = [];
    const tell = (batch: ClientBatch<LiveModel>) =>
      this.#emit(joinRef, null, topic, "presence_entries", liveBatchOf(batch));
    const patience = this.#requests.expect();
    try {
      for await (const batch of room.watch()) {
        if (parts === undefined) {
          tell(batch);
          continue;
        }
        parts.push(batch);
        if (batch.type === "baseline" && !batch.last) continue;
        clearTimeout(patience);
        this.#reply(message, "ok", room.greetingIn(parts, payload));
        parts.forEach(tell);
        parts = undefined;
      }
    } catch (error) {
      if (parts !== undefined) throw error;
      this.#joinAgain(room);
    } finally {
      clearTimeout(patience);
    }
  }

  #refreshAll(): void {
    for (const room of this.#rooms.values()) {
      room.refresh().catch((error: unknown) => {
        if (reasonOf(error) !== TOO_MANY) this.#joinAgain(room);
      });
    }
  }

  #joinAgain({ joinRef, context }: HttpRoom): void {
    this.#emit(joinRef, null, context, "phx_error", {});
  }

  #lost(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#stop();
    this.#events.closed(code, reason);
  }

  #stop(): void {
    this.#isOpen = false;
    clearInterval(this.#refresh);
    globalThis.removeEventListener?.("pagehide", this.#sayGoodbye);
    for (const room of this.#rooms.values()) room.end();
  }

  #reply(
    [joinRef, ref, topic]: Message,
    status: "ok" | "error",
    response: JsonObject,
  ): void {
    this.#emit(joinRef, ref, topic, "phx_reply", { status, response });
  }

  #emit(...message: readonly unknown[]): void {
    if (this.#isOpen) this.#events.received(JSON.stringify([message]));
  }
}

/** The requests of a wire, which is lost if the service does not answer one. */
class Requests {
  readonly client: PresenceClient<LiveModel>;
  readonly #ended = new AbortController();
  readonly #onLost: (code: number, reason: string) => void;
  /** Whether the service has let the client in. */
  #isIn = false;
  /** Settles after the latest one in turn. */
  #latest: Promise<void> = Promise.resolve();

  constructor(
    url: URL,
    token: () => string | undefined,
    onLost: (code: number, reason: string) => void,
  ) {
    this.#onLost = onLost;
    this.client = new PresenceClient<LiveModel>({
      url,
      headers: (): HeadersInit => {
        const shown = token();
        return shown === undefined ? {} : { authorization: `Bearer ${shown}` };
      },
      fetch: (url, init) => this.#fetch(url, init),
      signal: this.#ended.signal,
      onRetry: (error) => {
        // A stream may just end: by a proxy, or with the former token.
        if (error !== undefined && statusOf(error) !== 429) this.#lose();
      },
    });
  }

  /** Does something after what came before: one must not overtake another. */
  inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#latest.then(async () => {
      const patience = this.expect();
      try {
        await act();
      } finally {
        clearTimeout(patience);
      }
    });
    this.#latest = done.catch(() => {});
    return done;
  }

  /** Begins to wait for an answer, until the timer is cleared. */
  expect(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#lose(), PATIENCE_MS);
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    try {
      const response = await fetch(url, init);
      if (response.ok) this.#isIn = true;
      // The token was good, and is no longer: there may be a fresh one.
      else if (response.status === 401 && this.#isIn) this.#lose();
      else if (response.status === 401) this.#lose(POLICY_VIOLATION, REVOKED);
      return response;
    } catch (error) {
      if (!init.signal?.aborted) this.#lose();
      throw error;
    }
  }

  #lose(code = LOST, reason = ""): void {
    this.#ended.abort();
    this.#onLost(code, reason);
  }
}

/** The own entry of a room. */
interface RoomKey {
  readonly subject: string | undefined;
  readonly context: string;
  readonly resource: string;
}

/** A room, and the own entry in it. */
class HttpRoom {
  /** The ref of its join. */
  readonly joinRef: unknown;
  readonly #requests: Requests;
  readonly #ended = new AbortController();
  #key: RoomKey;
  /** What the entry is, whole: it may have expired meanwhile. */
  #entry: Change | undefined;
  /** What waits for its turn: all that happens until then is one update. */
  #next: Change | undefined;
  #sent: Promise<void> = Promise.resolve();

  constructor(requests: Requests, joinRef: unknown, key: RoomKey) {
    this.#requests = requests;
    this.joinRef = joinRef;
    this.#key = key;
  }

  get context(): string {
    return this.#key.context;
  }

  watch(): AsyncIterable<ClientBatch<LiveModel>> {
    const { signal } = this.#ended;
    return this.#requests.client.watch({ context: this.context, signal });
  }

  publish(change: Change): Promise<void> {
    const isFirst = this.#next === undefined;
    this.#next = merge(this.#next, change);
    if (isFirst) {
      this.#sent = this.#requests.inTurn(async () => {
        const next = this.#take();
        if (next !== undefined) await this.#send(next);
      });
    }
    return this.#sent;
  }

  async refresh(): Promise<void> {
    const { signal } = this.#ended;
    await this.#requests.inTurn(async () => {
      // It would take a goodbye back.
      if (signal.aborted || this.#entry === undefined) return;
      await this.#send(this.#entry);
    });
  }

  async leave(): Promise<void> {
    this.end();
    await this.#requests.inTurn(async () => {
      if (this.#entry === undefined) return;
      this.#entry = undefined;
      await this.#requests.client.withdraw(this.#key);
    });
  }

  /** Ends the watch; the entry stays. */
  end(): void {
    this.#ended.abort();
  }

  /** Lets the entry end soon, without a wait: the page may be about to go. */
  sayGoodbye(): void {
    const next = this.#take();
    if (this.#entry === undefined) return;
    const entry = merge(this.#entry, next ?? {});
    const update = { ...this.#key, ...entry, ttlMs: GRACE_MS };
    this.#requests.client.publish(update, { keepalive: true }).catch(() => {});
  }

  #take(): Change | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  async #send(change: Change): Promise<void> {
    const former = this.#entry;
    const { facets = {}, ...entry } = merge(former, change);
    // A facet that ends by itself does not come back.
    const lasting = Object.entries(facets)
      .filter(([name]) => !Object.hasOwn(change.facetTtlsMs ?? {}, name));
    this.#entry = {
      visibility: entry.visibility,
      facets: patchOf(Object.fromEntries(lasting)),
    };
    try {
      await this.#put({ ...change, visibility: entry.visibility });
    } catch (error) {
      this.#entry = former;
      throw error;
    }
  }

  async #put(change: Change): Promise<void> {
    try {
      const update = { ...this.#key, ...change, ttlMs: TTL_MS };
      await this.#requests.client.publish(update);
    } catch (error) {
      if (statusOf(error) !== 403) throw error;
      // A cookie may say who it is. Otherwise it may only watch.
      if (this.#key.subject === undefined) throw new Error(ONLY_READER);
      this.#key = { ...this.#key, subject: undefined };
      await this.#put(change);
    }
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

/** Returns a change after which there is another. */
function merge(former: Change = {}, change: Change): Change {
  const { facets = {}, facetTtlsMs, visibility } = change;
  const ttls = Object.entries(former.facetTtlsMs ?? {})
    .filter(([name]) => !Object.hasOwn(facets, name));
  return {
    facets: { ...former.facets, ...facets },
    facetTtlsMs: { ...Object.fromEntries(ttls), ...facetTtlsMs },
    visibility: visibility ?? former.visibility,
  };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof PresenceRequestError ? error.status : undefined;
}

/** Returns why the service refuses something, as a socket says it. */
function reasonOf(error: unknown): string {
  const status = statusOf(error);
  if (status === 403) return UNAUTHORIZED;
  if (status === 429) return TOO_MANY;
  return error instanceof Error ? error.message : String(error);
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
