import { assertMethods, assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { createTrustGuard, type TrustGuard } from "../http/mod.ts";
import {
  endOf,
  pause,
  TokenBuckets,
  toldOnce,
  type Unauthorized,
} from "../internal.ts";
import type { TopicPresence } from "../topics/mod.ts";
import { readBroadcast } from "./broadcasts/broadcast.ts";
import {
  pathOf,
  problemOf,
  readMessages,
} from "./broadcasts/broadcast_route.ts";
import { Members } from "./channels/joined_channels.ts";
import { type Codec, codecFor, V2 } from "./frames/codec.ts";
import { limitsFrom, messageRate } from "./limits.ts";
import { OpenSockets } from "./open_sockets.ts";
import { Turn } from "./outbox.ts";
import type { PhoenixOptions } from "./options.ts";
import { type PhoenixStats, PhoenixTally } from "./phoenix_stats.ts";
import { Refusal, refusalOf, type RejectionKind } from "./refusal.ts";
import { type PhoenixIdentity, PUBLIC_IDENTITY } from "./rights/identity.ts";
import { Revocations } from "./rights/revocations.ts";
import { type FrameReceiver, Pipe } from "./runtimes/pipe.ts";
import { CLOSE_CODES, type SocketTransport } from "./runtimes/transport.ts";
import { type EndpointHub, PhoenixSocket } from "./socket.ts";

/** How long to wait at most for clients that do not answer a close. */
const MAX_SHUTDOWN_MS = 3_000;

/** The answer to a request for a socket of which the runtime makes none. */
export const INVALID_HANDSHAKE = "Cannot connect: the handshake is not valid\n";

/** The statuses of refused requests for a socket; all others have 403. */
const STATUSES: Partial<Record<RejectionKind, number>> = {
  "internal-error": 500,
  "closed": 503,
};

/** Where clients open sockets, in any folder. They also send their `vsn`. */
const SOCKETS = /\/websocket$/;

/** Where Supabase's clients broadcast without a socket. */
const BROADCASTS = /\/api\/broadcast(\/|$)/;

/** A request that broadcasts receives nothing. */
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
  /** Takes the transport, once it is open, and returns what gets its frames. */
  open(transport: SocketTransport): FrameReceiver;
}

/**
 * Serves topics to unmodified clients of Phoenix Channels and of Supabase
 * Realtime: presence, and broadcasts among the members of a topic. It does not
 * depend on a runtime: an adapter brings the sockets.
 */
export class PhoenixEndpoint implements Disposable, AsyncDisposable {
  readonly #authorize: NonNullable<PhoenixOptions["authorize"]>;
  readonly #hub: EndpointHub;
  readonly #guard: TrustGuard;
  readonly #buckets: TokenBuckets;
  readonly #sockets: OpenSockets;
  readonly #onError: (error: unknown) => void;
  readonly #isNew = toldOnce();
  #isClosed = false;
  /** A socket that was authorized before it was revoked does not open. */
  readonly #revocations = new Revocations();
  /**
   * Closes all sockets with 1012, so that their clients reconnect elsewhere, and
   * accepts no more. What they held remains for the server's grace. A listener
   * that is shut down before the clients have answered would send another code:
   * `await using` waits for them.
   */
  declare readonly [Symbol.dispose]: () => void;
  /** The same; waits until the clients have answered, 3 seconds at most. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /**
   * Makes an endpoint.
   *
   * @param presence The topics to serve.
   * @param options How it behaves.
   * @throws {InvalidValueError} If `presence` is not a `TopicPresence`, a limit,
   * a host or an origin is not valid, an option is not known, or the documents
   * are of another server than the topics.
   */
  constructor(presence: TopicPresence, options: PhoenixOptions = {}) {
    const {
      accessToken,
      authorize = () => PUBLIC_IDENTITY,
      documents,
      hosts,
      join,
      limits = {},
      onError = console.error,
      origins,
      ...others
    } = options;
    const action = "create endpoint";
    const rule = "must be a TopicPresence";
    assertMethods(presence, ["track"], "presence", rule, action);
    assertNoOtherOptions(others, action);
    if (documents !== undefined && documents.server !== presence.server) {
      // Sessions in documents of another server would never end.
      const rule = "must be of the server that the topics are of";
      throw new InvalidValueError(action, "documents", rule, documents);
    }
    this[Symbol.dispose] = this.#dispose;
    this[Symbol.asyncDispose] = this.#asyncDispose;
    this.#authorize = authorize;
    const allLimits = limitsFrom(limits);
    this.#guard = createTrustGuard({ hosts, origins });
    this.#buckets = new TokenBuckets(messageRate(allLimits));
    this.#sockets = new OpenSockets(allLimits);
    this.#onError = onError;
    this.#hub = {
      presence,
      documents,
      members: new Members((topic) =>
        presence.server.relay.subscribe(
          topic,
          (text) => this.#receive(topic, text),
        )
      ),
      limits: allLimits,
      tally: new PhoenixTally(),
      join,
      accessToken,
      turn: new Turn((error) => this.report(error)),
      onError: (error) => this.report(error),
      onClosed: (socket) => this.#sockets.remove(socket),
    };
  }

  /** Bytes that a frame may have; runtimes take no more than 2 GiB. */
  get frameBytes(): number {
    return Math.min(this.#hub.limits.frameBytes, 2 ** 31 - 1);
  }

  /** The open sockets. */
  get sockets(): ReadonlySet<PhoenixSocket> {
    return this.#sockets.all;
  }

  /** What has happened so far, and the current state. O(sockets). */
  get stats(): PhoenixStats {
    const { tally } = this.#hub;
    let backlogBytes = 0;
    for (const socket of this.sockets) {
      backlogBytes = Math.max(backlogBytes, socket.backlogBytes);
    }
    return {
      ...tally,
      sockets: this.sockets.size,
      rejected: new Map(tally.rejected),
      dropped: new Map(tally.dropped),
      backlogBytes,
    };
  }

  /**
   * Decides about a request to open a socket. `authorize` is also asked about a
   * request that wants no socket: browsers do not tell a page why a socket was
   * refused, so the page finds out by a request of its own. Pages of `origins`
   * may read the answer.
   *
   * @param request The request.
   * @returns What to do once it is open, or the response that refuses it.
   */
  accept(request: Request): Promise<Acceptance | Response> {
    return this.#guarded(request, () => this.#accept(request));
  }

  async #accept(request: Request): Promise<Acceptance | Response> {
    const { headers, url } = request;
    const { searchParams } = new URL(url);
    const vsn = searchParams.get("vsn");
    const codec = codecFor(vsn, searchParams.get("bundle"));
    if (codec === undefined) {
      const reason =
        "vsn must be 1.0.x or 2.0.x, and bundle 1 in 2.0.x or left out";
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
    if (this.#sockets.isFull) {
      const reason = "too many sockets are open";
      return this.#refuse("too-many-requests", 503, reason);
    }
    if (!this.#sockets.hasRoomFor(identity)) {
      const reason = "too many of your sockets are open";
      return this.#refuse("too-many-requests", 429, reason);
    }
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const wanted = { "upgrade": "websocket", "connection": "upgrade" };
      const reason = "a WebSocket is wanted";
      return this.#refuse("invalid-request", 426, reason, wanted);
    }
    const offered = headers.get("sec-websocket-protocol")?.split(",") ?? [];
    const isPhoenix = offered.some((name) => name.trim() === "phoenix");
    const isPipe = searchParams.has("pipe") && codec.bundles;
    // Deno takes the headers away when it upgrades the request.
    const kept = isPipe ? new Request(request.url, { headers }) : request;
    return {
      protocol: isPhoenix ? "phoenix" : undefined,
      open: (transport) =>
        isPipe
          ? this.#openPipe(identity, kept, transport, since)
          : this.#open(identity, codec, transport, since),
    };
  }

  /**
   * Broadcasts without a socket: Supabase's clients post to `…/api/broadcast` by
   * `httpSend()`, or by `send()` before they have subscribed. `authorize`, the
   * `join` hook, the right to write and the limits apply as to a broadcast by a
   * socket. A list of messages is broadcast as a whole or not at all.
   *
   * @param request The request, by `POST`. Its path ends with `/api/broadcast`,
   * or with `/api/broadcast/{topic}/events/{event}`.
   * @returns 202, or a problem document with the reason. Pages of `origins` may
   * read it.
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
    return this.#guarded(request, async () => {
      try {
        await this.#broadcast(request);
        return new Response(null, { status: 202 });
      } catch (error) {
        const { kind, response } = await problemOf(error);
        this.#hub.tally.countRefusal(kind);
        // The error of a hook was reported already.
        const isUnknown = kind === "internal-error" &&
          !(error instanceof Refusal);
        if (isUnknown) this.report(error);
        return response;
      }
    });
  }

  /**
   * Answers requests without a socket. One for the address of a socket gets the
   * reason why a socket would be refused; `…/api/broadcast` broadcasts by
   * {@linkcode broadcast}. It opens no socket, so under Deno and Bun pass
   * requests for a socket to their adapters first.
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
    // There are host names that are not valid in a URL.
    if (!URL.canParse(request.url)) return undefined;
    const { pathname, searchParams } = new URL(request.url);
    if (BROADCASTS.test(pathname)) return await this.broadcast(request);
    // Without a vsn it could be an id in the path of another handler.
    const isForSocket = SOCKETS.test(pathname) && searchParams.has("vsn");
    if (!isForSocket) return undefined;
    const acceptance = await this.accept(request);
    if (acceptance instanceof Response) return acceptance;
    return new Response(INVALID_HANDSHAKE, { status: 400 });
  }

  /**
   * Passes an error to `onError`, for adapters; the same error only once. Never
   * throws.
   *
   * @param error The error.
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
   * Revokes the rights of an identity at once: closes its sockets, and withdraws
   * their presence.
   *
   * @param identity The identity that `authorize` gave: all sockets of the same
   * subject or, without a subject, those of the same object.
   * @returns How many sockets there were, with lost ones that have their grace.
   */
  revoke(identity: PhoenixIdentity): number {
    this.#revocations.add(identity);
    const sockets = this.#sockets.of(identity);
    for (const socket of sockets) socket.kick("revoked");
    return sockets.length;
  }

  #dispose(): void {
    this.#isClosed = true;
    for (const socket of [...this.sockets]) {
      socket.close(CLOSE_CODES.serviceRestart, "service restart");
    }
    for (const pipe of this.#sockets.pipes) {
      pipe.close(CLOSE_CODES.serviceRestart, "service restart");
    }
    this.#sockets.releaseLost();
  }

  async #asyncDispose(): Promise<void> {
    const gone = [...this.sockets, ...this.#sockets.pipes]
      .map(({ gone }) => gone);
    this[Symbol.dispose]();
    const enough = new AbortController();
    await Promise.race([
      Promise.all(gone),
      pause(MAX_SHUTDOWN_MS, enough.signal),
    ]);
    enough.abort();
  }

  /**
   * Asks the application who a request is from.
   *
   * @throws {Refusal} If it is refused.
   */
  async #identify(request: Request): Promise<PhoenixIdentity> {
    let identity: PhoenixIdentity | Unauthorized | null | undefined;
    try {
      identity = await this.#authorize(request);
    } catch (error) {
      this.report(error);
      throw new Refusal("the server has failed", "internal-error");
    }
    if (identity && identity.reason !== undefined) {
      throw new Refusal(identity.reason, "unauthorized");
    }
    const { now } = this.#hub.presence.server;
    if (!identity || endOf(identity, now) !== undefined) {
      throw new Refusal("not authorized", "unauthorized");
    }
    if (this.#isOver) throw new Refusal("the server is closed", "closed");
    return identity;
  }

  /** Makes a socket, and closes it at once if it may no longer open. */
  #open(
    identity: PhoenixIdentity,
    codec: Codec,
    transport: SocketTransport,
    since: number,
  ): PhoenixSocket {
    const socket = new PhoenixSocket(this.#hub, identity, codec, transport);
    const fault = socket.closed
      ? new Refusal("the identity has ended", "unauthorized")
      : this.#faultOf(identity, since);
    if (fault === undefined) this.#sockets.add(socket);
    else this.#closeFor(fault, socket);
    return socket;
  }

  /** Makes a pipe; each of its sockets is accepted like any other. */
  #openPipe(
    identity: PhoenixIdentity,
    request: Request,
    transport: SocketTransport,
    since: number,
  ): FrameReceiver {
    const { limits, presence: { server } } = this.#hub;
    const fault = this.#faultOf(identity, since);
    const pipe = new Pipe(
      {
        accept: (request) => this.accept(request),
        limits,
        clock: () => server.steadyNow,
        report: (error) => this.report(error),
        onClosed: () => this.#sockets.removePipe(pipe),
      },
      request,
      transport,
    );
    this.#sockets.addPipe(pipe, identity);
    if (fault !== undefined) this.#closeFor(fault, pipe);
    return pipe;
  }

  /** Closes what may no longer open. */
  #closeFor({ kind, message }: Refusal, socket: PhoenixSocket | Pipe): void {
    this.#hub.tally.countRefusal(kind);
    const { policyViolation, serviceRestart } = CLOSE_CODES;
    if (kind === "closed") socket.close(serviceRestart, "service restart");
    else socket.close(policyViolation, message);
  }

  /** Opens a socket that receives nothing, for the time of a request. */
  async #visit(request: Request): Promise<PhoenixSocket> {
    const since = this.#revocations.count;
    const identity = await this.#identify(request);
    const fault = this.#faultOf(identity, since);
    if (fault !== undefined) throw fault;
    const socket = new PhoenixSocket(this.#hub, identity, V2, NO_TRANSPORT);
    this.#sockets.add(socket);
    return socket;
  }

  /** Returns why a socket may not open although it was accepted, if it may not. */
  #faultOf(identity: PhoenixIdentity, since: number): Refusal | undefined {
    if (this.#isOver) return new Refusal("the server is closed", "closed");
    if (this.#revocations.includes(identity, since)) {
      return new Refusal("revoked", "unauthorized");
    }
    return this.#sockets.isFull || !this.#sockets.hasRoomFor(identity)
      ? new Refusal("too many sockets are open", "too-many-requests")
      : undefined;
  }

  async #broadcast(request: Request): Promise<void> {
    const path = pathOf(request);
    const socket = await this.#visit(request);
    try {
      // One before the body is read, which may be in vain.
      this.#charge(socket, 1);
      const messages = await readMessages(request, path, this.frameBytes);
      this.#charge(socket, messages.length - 1);
      await socket.broadcast(messages);
    } finally {
      socket.lost();
    }
  }

  #charge({ identity: { subject } }: PhoenixSocket, messages: number): void {
    this.#hub.tally.received += messages;
    const { steadyNow } = this.#hub.presence.server;
    if (this.#buckets.take(subject, steadyNow, messages) === 0) return;
    throw new Refusal("too many messages", "too-many-requests");
  }

  /** Answers a request, unless its host or its page is not trusted. */
  async #guarded<T extends Acceptance | Response>(
    request: Request,
    answer: () => Promise<T>,
  ): Promise<T | Response> {
    const distrust = this.#guard(request);
    if (distrust !== undefined) {
      const kind = distrust.status === 421 ? "misdirected" : "unauthorized";
      this.#hub.tally.countRefusal(kind);
    }
    const answered = distrust ?? this.#guard.preflight(request) ??
      await answer();
    if (answered instanceof Response) this.#guard.share(request, answered);
    return answered;
  }

  #refuse(
    kind: RejectionKind,
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
  ): Response {
    this.#hub.tally.countRefusal(kind);
    return new Response(`Cannot connect: ${reason}\n`, { status, headers });
  }

  /** Delivers what a member of a topic has broadcast at another server. */
  #receive(topic: string, text: string): void {
    try {
      const broadcast = readBroadcast(text);
      if (broadcast === undefined) return;
      this.#hub.members.deliver(topic, broadcast);
    } catch (error) {
      this.report(error);
    }
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#hub.presence.server.closed;
  }
}
