import { assertMethods, assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { endOf, pause, TokenBuckets, type Unauthorized } from "../internal.ts";
import type { TopicPresence } from "../topics/mod.ts";
import { createTrustGuard, toldOnce, type TrustGuard } from "../http/mod.ts";
import { deliver, readBroadcast } from "./broadcasts/broadcast.ts";
import { answerBroadcast } from "./broadcasts/broadcast_route.ts";
import { type Codec, codecFor, V2 } from "./frames/codec.ts";
import { type PhoenixIdentity, PUBLIC_IDENTITY } from "./rights/identity.ts";
import { limitsFrom, messageRate, type PhoenixLimits } from "./limits.ts";
import { Members } from "./channels/joined_channels.ts";
import type { PhoenixOptions } from "./options.ts";
import {
  kindOfStatus,
  type PhoenixStats,
  PhoenixTally,
} from "./phoenix_stats.ts";
import { Refusal, refusalOf, type RejectionKind } from "./refusal.ts";
import { Revocations } from "./rights/revocations.ts";
import { PhoenixSocket, type SocketHooks } from "./socket.ts";
import type { SocketHub } from "./connection.ts";
import { CHECK_MS } from "./outbox.ts";
import { CLOSE_CODES, type SocketTransport } from "./runtimes/transport.ts";

/** Nobody should have to wait longer for a client that does not answer. */
const MAX_SHUTDOWN_MS = 3_000;

/** What a request for a socket is told that the runtime makes none of. */
export const INVALID_HANDSHAKE = "Cannot connect: the handshake is not valid\n";

/** The statuses of refused requests for a socket; all others have 403. */
const STATUSES: Partial<Record<RejectionKind, number>> = {
  "internal-error": 500,
  "closed": 503,
};

/** Where clients open sockets, in any folder. They also say their `vsn`. */
const SOCKETS = /\/websocket$/;

/** Where Supabase's clients broadcast without a socket. */
const BROADCASTS = /\/api\/broadcast(\/|$)/;

/** A request that broadcasts hears nothing. */
const NO_TRANSPORT: SocketTransport = {
  bufferedAmount: 0,
  send() {},
  close() {},
  terminate() {},
};

/** A request that may become a socket. */
export interface Acceptance {
  /** The subprotocol to answer with; `undefined` for none. */
  readonly protocol: "phoenix" | undefined;
  /** Takes the transport, once it is open. */
  open(transport: SocketTransport): PhoenixSocket;
}

/**
 * Serves the protocol of Phoenix Channels to clients as they are, and that of
 * Supabase Realtime, for topics and what their members tell each other. It
 * knows no runtime: an adapter brings the sockets.
 */
export class PhoenixEndpoint implements Disposable, AsyncDisposable {
  readonly #presence: TopicPresence;
  readonly #authorize: PhoenixOptions["authorize"];
  readonly #limits: PhoenixLimits;
  readonly #hub: SocketHub;
  readonly #hooks: SocketHooks;
  readonly #guard: TrustGuard;
  readonly #buckets: TokenBuckets;
  readonly #sockets = new Set<PhoenixSocket>();
  /** Those that are lost, and hold something while the grace is running. */
  readonly #lost = new Set<PhoenixSocket>();
  readonly #socketsOf = new Map<string, number>();
  readonly #onError: (error: unknown) => void;
  readonly #isNew = toldOnce();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;
  /** What was authorized before the last one is not believed. */
  readonly #revocations = new Revocations();
  readonly #tally = new PhoenixTally();

  /**
   * Makes an endpoint.
   *
   * @param presence The topics to serve.
   * @param options How it behaves.
   * @throws {InvalidValueError} If `presence` is none, a limit, a host or an
   * origin makes no sense, an option is not known, or the documents are of
   * another server than the topics.
   */
  constructor(presence: TopicPresence, options: PhoenixOptions = {}) {
    const { onError = console.error, limits = {}, join, ...rest } = options;
    const { authorize, accessToken, documents, ...more } = rest;
    const { hosts, origins, ...others } = more;
    const rule = "must be a TopicPresence";
    assertMethods(presence, ["track"], "presence", rule, "create endpoint");
    assertNoOtherOptions(others, "create endpoint");
    assertSameServer(documents, presence);
    this.#presence = presence;
    this.#authorize = authorize;
    this.#limits = limitsFrom(limits);
    this.#guard = createTrustGuard({ hosts, origins });
    this.#buckets = new TokenBuckets(messageRate(this.#limits));
    this.#onError = onError;
    this.#hub = {
      presence,
      documents,
      members: new Members((topic) =>
        presence.server.relay.subscribe(
          topic,
          (text) => this.#hear(topic, text),
        )
      ),
      limits: this.#limits,
      tally: this.#tally,
      onError: (error) => this.report(error),
    };
    this.#hooks = {
      join,
      accessToken,
      onClosed: (socket) => this.#forget(socket),
    };
  }

  /** Bytes of a frame, for adapters to pass on to their runtime. */
  get frameBytes(): number {
    return this.#limits.frameBytes;
  }

  /** The open sockets. */
  get sockets(): ReadonlySet<PhoenixSocket> {
    return this.#sockets;
  }

  /** What has happened so far, and how it stands. O(sockets). */
  get stats(): PhoenixStats {
    const { received, rejected, framesLeftOut, statesResent, dropped } =
      this.#tally;
    let backlogBytes = 0;
    for (const socket of this.#sockets) {
      backlogBytes = Math.max(backlogBytes, socket.backlogBytes);
    }
    return {
      sockets: this.#sockets.size,
      received,
      rejected: new Map(rejected),
      framesLeftOut,
      statesResent,
      dropped: new Map(dropped),
      backlogBytes,
    };
  }

  /**
   * Decides about a request to open a socket. Of one that wants no socket,
   * `authorize` is asked first as well: browsers keep to themselves why a socket
   * was refused, so a page finds out by a request of its own. Pages of `origins`
   * may read the answer.
   *
   * @param request The request.
   * @returns What to do once it is open, or the response that refuses it.
   */
  async accept(request: Request): Promise<Acceptance | Response> {
    const acceptance = await this.#accept(request);
    if (acceptance instanceof Response) this.#guard.share(request, acceptance);
    return acceptance;
  }

  async #accept(request: Request): Promise<Acceptance | Response> {
    const distrust = this.#guard(request);
    if (distrust !== undefined) {
      this.#tally.refused(kindOfStatus(distrust.status));
      return distrust;
    }
    const preflight = this.#guard.preflight(request);
    if (preflight !== undefined) return preflight;
    const { headers, url } = request;
    const codec = codecFor(new URL(url).searchParams.get("vsn"));
    if (codec === undefined) {
      const reason = "vsn must be 1.0.x or 2.0.x";
      return this.#refuse("invalid-request", 403, reason);
    }
    const since = this.#revocations.count;
    let identity: PhoenixIdentity;
    try {
      identity = await this.#identify(request);
    } catch (error) {
      const { kind, message } = refusalOf(error);
      return this.#refuse(kind, STATUSES[kind] ?? 403, message);
    }
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const wanted = { "upgrade": "websocket", "connection": "upgrade" };
      const reason = "a WebSocket is wanted";
      return this.#refuse("invalid-request", 426, reason, wanted);
    }
    if (this.#isFull) {
      const reason = "too many sockets are open";
      return this.#refuse("too-many-requests", 503, reason);
    }
    if (!this.#hasRoom(identity)) {
      const reason = "too many of your sockets are open";
      return this.#refuse("too-many-requests", 429, reason);
    }
    return this.#acceptance(headers, codec, identity, since);
  }

  /**
   * Broadcasts without a socket what Supabase's clients send to
   * `…/api/broadcast` by `httpSend()`, or by `send()` before they have
   * subscribed. The same holds as for a broadcast by a socket: `authorize`, the
   * `join` hook, the right to write, the limits. A list of messages is broadcast
   * as a whole or not at all.
   *
   * @param request The request, by `POST`. Its path ends with `/api/broadcast`,
   * or with `/api/broadcast/{topic}/events/{event}`.
   * @returns 202, or a problem document that says why not. Pages of `origins`
   * may read it.
   *
   * @example Usage
   * ```ts
   * import { PresenceServer } from "@ruthere/presence/server";
   * import { PhoenixEndpoint } from "@ruthere/presence/server/phoenix";
   * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer<TopicModel>();
   * using endpoint = new PhoenixEndpoint(new TopicPresence(server));
   *
   * const url = "http://localhost/api/broadcast/room:1/events/wave";
   * const headers = { "content-type": "application/json" };
   * const body = JSON.stringify({ hand: "left" });
   * const answer = await endpoint.broadcast(
   *   new Request(url, { method: "POST", headers, body }),
   * );
   * assertEquals(answer.status, 202);
   * ```
   */
  broadcast(request: Request): Promise<Response> {
    return answerBroadcast(request, {
      guard: this.#guard,
      frameBytes: this.#limits.frameBytes,
      open: (request) => this.#visit(request),
      charge: ({ subject }, messages) => {
        this.#tally.received += messages;
        const { steadyNow } = this.#presence.server;
        if (this.#buckets.take(subject, steadyNow, messages) === 0) return;
        throw new Refusal("too many messages", "too-many-requests");
      },
      refused: (kind) => this.#tally.refused(kind),
      report: (error) => this.report(error),
    });
  }

  /**
   * Answers what clients ask without a socket: a request to the address of a
   * socket is told why that would be refused, and `…/api/broadcast` broadcasts
   * by {@linkcode broadcast}. It opens no socket, so under Deno and Bun pass
   * requests for one to their adapters first.
   *
   * @param request The request.
   * @returns The response; `undefined` if the request is neither for
   * `…/websocket?vsn=…` nor for `…/api/broadcast…`.
   *
   * @example Usage
   * ```ts
   * import { PresenceServer } from "@ruthere/presence/server";
   * import { createHttpHandler } from "@ruthere/presence/server/http";
   * import { PhoenixEndpoint } from "@ruthere/presence/server/phoenix";
   * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer<TopicModel>();
   * using endpoint = new PhoenixEndpoint(new TopicPresence(server), {
   *   authorize: () => ({ reason: "the token has expired" }),
   * });
   * const http = createHttpHandler(server);
   * const handler = async (request: Request) =>
   *   await endpoint.answer(request) ?? await http(request);
   *
   * const url = "http://localhost/socket/websocket?vsn=2.0.0";
   * const answer = await handler(new Request(url));
   * assertEquals(
   *   await answer.text(),
   *   "Cannot connect: the token has expired\n",
   * );
   * ```
   */
  async answer(request: Request): Promise<Response | undefined> {
    // A Host can be such that there is no URL.
    if (!URL.canParse(request.url)) return undefined;
    const { pathname, searchParams } = new URL(request.url);
    if (BROADCASTS.test(pathname)) return await this.broadcast(request);
    // Else it could be an id in somebody's path.
    const isForSocket = SOCKETS.test(pathname) && searchParams.has("vsn");
    if (!isForSocket) return undefined;
    const acceptance = await this.accept(request);
    if (acceptance instanceof Response) return acceptance;
    return new Response(INVALID_HANDSHAKE, { status: 400 });
  }

  /**
   * Tells `onError` of what should not happen, for adapters: once of the very
   * same error. Never throws.
   *
   * @param error What has happened.
   */
  report(error: unknown): void {
    if (!this.#isNew(error)) return;
    try {
      this.#onError(error);
    } catch (failure) {
      console.error(failure);
    }
  }

  /**
   * Takes somebody's rights away at once: their sockets are closed, and what
   * they are present with is withdrawn.
   *
   * @param identity What `authorize` gave for them: all sockets of the same
   * subject, or those of the very same identity, if it has no subject.
   * @returns How many sockets there were, those included that are lost and
   * whose grace is running.
   */
  revoke(identity: PhoenixIdentity): number {
    this.#revocations.add(identity);
    const theirs = [...this.#sockets, ...this.#lost]
      .filter((socket) => socket.isOf(identity));
    for (const socket of theirs) socket.kick("revoked");
    return theirs.length;
  }

  /**
   * Closes all sockets with 1012, so that their clients come back elsewhere,
   * and takes no more. What they held goes on for the server's grace. A
   * listener that is shut down before the clients have heard of it would tell
   * them otherwise: `await using` waits for them.
   */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const socket of [...this.#sockets]) {
      socket.close(CLOSE_CODES.serviceRestart, "service restart");
    }
    for (const socket of this.#lost) socket.release();
    this.#lost.clear();
    this.#stopChecks();
  }

  /** The same; waits until the clients have answered, 3 seconds at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    const gone = [...this.#sockets].map(({ gone }) => gone);
    this[Symbol.dispose]();
    const enough = new AbortController();
    await Promise.race([
      Promise.all(gone),
      pause(MAX_SHUTDOWN_MS, enough.signal),
    ]);
    enough.abort();
  }

  /**
   * Finds out who asks for a socket.
   *
   * @throws {Refusal} If they are not let in.
   */
  async #identify(request: Request): Promise<PhoenixIdentity> {
    const identity = await this.#authorized(request);
    if (!identity) throw new Refusal("not authorized", "unauthorized");
    if (identity.reason !== undefined) {
      throw new Refusal(identity.reason, "unauthorized");
    }
    if (endOf(identity, this.#presence.server.now) !== undefined) {
      throw new Refusal("not authorized", "unauthorized");
    }
    if (this.#isOver) throw new Refusal("the server is closed", "closed");
    return identity;
  }

  async #authorized(
    request: Request,
  ): Promise<PhoenixIdentity | Unauthorized | null | undefined> {
    if (this.#authorize === undefined) return PUBLIC_IDENTITY;
    try {
      return await this.#authorize(request);
    } catch (error) {
      this.report(error);
      throw new Refusal("the server has failed", "internal-error");
    }
  }

  /** Opens a socket whose client hears nothing, for as long as a request takes. */
  async #visit(request: Request): Promise<PhoenixSocket> {
    const since = this.#revocations.count;
    const identity = await this.#identify(request);
    if (this.#revocations.includes(identity, since)) {
      throw new Refusal("revoked", "unauthorized");
    }
    if (this.#isFull || !this.#hasRoom(identity)) {
      throw new Refusal("too many sockets are open", "too-many-requests");
    }
    const socket = this.#socketFor(identity, V2, NO_TRANSPORT);
    this.#remember(socket);
    return socket;
  }

  #socketFor(
    identity: PhoenixIdentity,
    codec: Codec,
    transport: SocketTransport,
  ): PhoenixSocket {
    const [hub, hooks] = [this.#hub, this.#hooks];
    return new PhoenixSocket(hub, hooks, identity, codec, transport);
  }

  #refuse(
    kind: RejectionKind,
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
  ): Response {
    this.#tally.refused(kind);
    return new Response(`Cannot connect: ${reason}\n`, { status, headers });
  }

  #acceptance(
    headers: Headers,
    codec: Codec,
    identity: PhoenixIdentity,
    since: number,
  ): Acceptance {
    return {
      protocol: offers(headers).includes("phoenix") ? "phoenix" : undefined,
      open: (transport) => {
        const socket = this.#socketFor(identity, codec, transport);
        this.#admit(socket, since);
        return socket;
      },
    };
  }

  /** Takes a socket in, unless what has happened since a count is against it. */
  #admit(socket: PhoenixSocket, since: number): void {
    const { identity } = socket;
    if (socket.closed) {
      // The identity has ended.
      this.#tally.refused("unauthorized");
    } else if (this.#isOver) {
      this.#tally.refused("closed");
      socket.close(CLOSE_CODES.serviceRestart, "service restart");
    } else if (this.#revocations.includes(identity, since)) {
      this.#tally.refused("unauthorized");
      socket.kick("revoked");
    } else if (this.#isFull || !this.#hasRoom(identity)) {
      this.#tally.refused("too-many-requests");
      const reason = "too many sockets are open";
      socket.close(CLOSE_CODES.policyViolation, reason);
    } else {
      this.#remember(socket);
    }
  }

  /** Hands on what somebody has told a topic at another server. */
  #hear(topic: string, text: string): void {
    try {
      const broadcast = readBroadcast(text);
      if (broadcast === undefined) return;
      deliver(topic, broadcast, this.#hub.members.of(topic));
    } catch (error) {
      this.report(error);
    }
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#presence.server.closed;
  }

  get #isFull(): boolean {
    return this.#sockets.size >= this.#limits.allSockets;
  }

  #hasRoom({ subject }: PhoenixIdentity): boolean {
    return subject === undefined ||
      (this.#socketsOf.get(subject) ?? 0) < this.#limits.sockets;
  }

  #remember(socket: PhoenixSocket): void {
    this.#sockets.add(socket);
    this.#count(socket, 1);
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS);
  }

  #forget(socket: PhoenixSocket): void {
    if (this.#sockets.delete(socket)) this.#count(socket, -1);
    if (!this.#isClosed && socket.holds) this.#lost.add(socket);
    else socket.release();
    this.#stopChecks();
  }

  #check(): void {
    for (const socket of [...this.#sockets]) socket.check();
    for (const socket of [...this.#lost]) {
      if (socket.holds) continue;
      this.#lost.delete(socket);
      socket.release();
    }
    this.#stopChecks();
  }

  /** There is a timer only while there is something to look after. */
  #stopChecks(): void {
    if (this.#sockets.size > 0 || this.#lost.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #count({ identity: { subject } }: PhoenixSocket, more: 1 | -1): void {
    if (subject === undefined) return;
    const open = (this.#socketsOf.get(subject) ?? 0) + more;
    if (open > 0) this.#socketsOf.set(subject, open);
    else this.#socketsOf.delete(subject);
  }
}

/** Who came into documents of another server would be there for ever. */
function assertSameServer(
  documents: PhoenixOptions["documents"],
  { server }: TopicPresence,
): void {
  if (documents === undefined || documents.server === server) return;
  const rule = "must be of the server that the topics are of";
  throw new InvalidValueError("create endpoint", "documents", rule, documents);
}

/** The subprotocols that a client offers. */
function offers(headers: Headers): string[] {
  const offered = headers.get("sec-websocket-protocol") ?? "";
  return offered.split(",").map((name) => name.trim());
}
