import { assertNoOtherOptions, MAX_DELAY_MS } from "../../core/assert.ts";
import { InvalidValueError, type Timestamp } from "../../core/mod.ts";
import { documentContext, documentIdOf } from "../documents/internal.ts";
import { assertName } from "../internal.ts";
import { JoinedDocument } from "./joined_document.ts";
import { JoinedRoom } from "./joined_room.ts";
import { type RoomHost, uniqueName } from "./joined_topic.ts";
import type { DocumentOptions, LiveDocument } from "./live_document.ts";
import type { LiveModel, LiveRoom, RoomOptions } from "./live_room.ts";
import { LiveSocket } from "./live_socket.ts";
import type { Schedule } from "./readable.ts";
import { sharedLocks, Tabs } from "./tabs.ts";
import { type OpenWire, type WebSocketClass, webSocketWire } from "./wire.ts";

/** How a client connects. */
export interface LiveClientOptions {
  /** The URL of the service, by `http`, `https`, `ws` or `wss`. */
  readonly url: string | URL;
  /**
   * Returns a token for the service. It is called for each connection, so the
   * token can be fresh.
   */
  readonly token?: (() => string | Promise<string>) | undefined;
  /**
   * Who the client is, where no token says so.
   *
   * @default {a name that a browser keeps for each tab, else a random one}
   */
  readonly subject?: string | undefined;
  /**
   * A name of this connection that a reload keeps: then nobody sees a leave.
   *
   * @default {a name that a browser keeps for each tab, else a random one}
   */
  readonly connection?: string | undefined;
  /**
   * The least time between two updates of a room, in milliseconds.
   *
   * @default {50}
   */
  readonly throttleMs?: number | undefined;
  /**
   * When listeners hear of changes: all that happens until then is one change.
   *
   * @default {queueMicrotask}
   */
  readonly schedule?: Schedule | undefined;
  /**
   * Whether the tabs of a browser share one socket, where the browser can, and
   * `token` says who they are of. Each shows a token of its own, and stays a
   * connection of its own.
   *
   * @default {true}
   */
  readonly shareTabs?: boolean | undefined;
  /**
   * Takes the place of a socket where none opens: {@linkcode overHttp}. Left out,
   * the client goes on trying.
   */
  readonly fallback?: ((url: URL) => OpenWire) | undefined;
  /**
   * Opens sockets. Node before version 22 needs the `WebSocket` of the package
   * `ws`.
   *
   * @default {globalThis.WebSocket}
   */
  readonly webSocket?: WebSocketClass | undefined;
  /**
   * Called with each failure that the client survives: an update that the service
   * refuses, a token that can't be had.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A room, and how many users it has. */
interface OpenRoom<R> {
  readonly room: R;
  users: number;
}

/** What a client does with a room of any kind. */
type AnyRoom = Pick<
  JoinedRoom<LiveModel>,
  | "authorize"
  | "authorized"
  | "close"
  | "connected"
  | "disconnected"
  | "receive"
  | "refuse"
  | "setCutOff"
>;

/**
 * A client for screens: rooms with the people in them, over one socket.
 *
 * @typeParam M The application's model, whose keys are strings. The client does
 * not check that the data of the service is of this model.
 */
export class LiveClient<M extends LiveModel = LiveModel> implements Disposable {
  readonly #rooms = new Map<string, OpenRoom<JoinedRoom<M>>>();
  readonly #documents = new Map<string, OpenRoom<JoinedDocument>>();
  /** Rendering on a server makes a client, and joins nothing. */
  readonly #WebSocket: WebSocketClass | undefined;
  readonly #socket: LiveSocket;
  readonly #tabs: Tabs | undefined;
  readonly #token: LiveClientOptions["token"];
  readonly #onError: (error: unknown) => void;
  /** What all rooms need. */
  readonly #host: Omit<RoomHost, "release">;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #wake = () => {
    if (this.#all.length > 0) this.#socket.hurry();
  };
  #isClosed = false;
  /** Closes the connection without a goodbye: others see a leave after the grace. */
  declare readonly [Symbol.dispose]: () => void;
  #refusal: string | undefined;

  /**
   * Makes a client. It connects with its first room.
   *
   * @throws {InvalidValueError} If the URL is not valid, or an option is unknown.
   */
  constructor(options: LiveClientOptions) {
    const {
      url,
      token,
      subject,
      connection,
      throttleMs = 50,
      schedule = queueMicrotask,
      shareTabs = true,
      fallback,
      webSocket = globalThis.WebSocket,
      onError = console.error,
      ...others
    } = options;
    const action = "create client";
    assertNoOtherOptions(others, action);
    const socketUrl = socketUrlOf(url);
    if (socketUrl === undefined) {
      const rule = "must be a URL of http, https, ws or wss";
      throw new InvalidValueError(action, "url", rule, url);
    }
    this.#WebSocket = webSocket;
    this[Symbol.dispose] = this.#dispose;
    this.#token = token;
    this.#onError = onError;
    // A person whom a cookie names may be another one in the next tab.
    const locks = shareTabs && token ? sharedLocks() : undefined;
    if (locks !== undefined) {
      const pipe = webSocketWire(webSocket, `${socketUrl}&pipe=1`);
      this.#tabs = new Tabs(locks, socketUrl, pipe);
    }
    const socket = this.#socket = new LiveSocket({
      url: socketUrl,
      open: this.#tabs?.open ?? webSocketWire(webSocket, socketUrl.href),
      fallback: fallback?.(new URL(String(url).replace(/^ws/, "http"))),
      token: () => this.#freshToken(),
    }, {
      onOpen: () => this.#each((room) => room.connected()),
      onLost: () => this.#each((room) => room.disconnected()),
      onRefused: (reason) => {
        this.#refusal = reason;
        clearTimeout(this.#renewal);
        this.#each((room) => room.refuse(reason));
      },
      onError,
      onCutOff: (isCutOff) => this.#each((room) => room.setCutOff(isCutOff)),
      onMessage: (message) => {
        const { topic } = message;
        const open = this.#rooms.get(topic) ?? this.#documents.get(topic);
        open?.room.receive(message);
      },
    });
    this.#host = {
      socket,
      key: subject ?? nameOfTab("subject"),
      connection: connection ?? nameOfTab("connection"),
      throttleMs,
      schedule: (run) =>
        schedule(() => {
          try {
            run();
          } catch (error) {
            // A listener has failed, and not the process.
            onError(error);
          }
        }),
      onError,
    };
    for (const type of WAKING) {
      globalThis.addEventListener?.(type, this.#wake);
    }
  }

  /**
   * Enters a room. A second call with the same context returns the same room,
   * which each caller leaves.
   *
   * @param context The context of the room.
   * @param options How it is joined, the first time.
   * @throws {InvalidValueError} If the context is no name or that of a document,
   * or an option is unknown.
   * @throws {Error} If the client is closed.
   */
  room(context: M["context"], options: RoomOptions<M> = {}): LiveRoom<M> {
    assertName(context, "context", "join room");
    if (documentIdOf(context) !== undefined) {
      const rule = "must be no document: call document()";
      throw new InvalidValueError("join room", "context", rule, context);
    }
    return this.#open(
      this.#rooms,
      context,
      (host) => new JoinedRoom<M>(host, context, options),
    );
  }

  /**
   * Enters a document. A second call with the same id returns the same document,
   * which each caller leaves.
   *
   * @param documentId The id of the document.
   * @param options How it is joined, the first time.
   * @throws {InvalidValueError} If the id is no name, or an option is unknown.
   * @throws {Error} If the client is closed.
   */
  document(documentId: string, options: DocumentOptions = {}): LiveDocument {
    assertName(documentId, "documentId", "join document");
    const context = documentContext(documentId);
    return this.#open(
      this.#documents,
      context,
      (host) => new JoinedDocument(host, documentId, options),
    );
  }

  #open<R extends AnyRoom>(
    rooms: Map<string, OpenRoom<R>>,
    context: string,
    make: (host: RoomHost) => R,
  ): R {
    if (this.#isClosed) {
      throw new Error("Cannot join room: the client is closed");
    }
    if (this.#WebSocket === undefined) {
      const rule = "must be a class: this runtime has none";
      throw new InvalidValueError("join room", "webSocket", rule, undefined);
    }
    const open = rooms.get(context);
    if (open !== undefined) {
      open.users++;
      return open.room;
    }
    const room = make({
      ...this.#host,
      release() {
        const open = rooms.get(context);
        if (open === undefined || --open.users > 0) return false;
        rooms.delete(context);
        return true;
      },
    });
    rooms.set(context, { room, users: 1 });
    if (this.#refusal !== undefined) room.refuse(this.#refusal);
    else if (this.#socket.isOpen) room.connected();
    else this.#socket.hurry();
    return room;
  }

  #dispose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const type of WAKING) {
      globalThis.removeEventListener?.(type, this.#wake);
    }
    clearTimeout(this.#renewal);
    this.#each((room) => room.close());
    this.#rooms.clear();
    this.#documents.clear();
    taken.delete(this.#host.connection);
    taken.delete(this.#host.key);
    this.#socket.close();
    this.#tabs?.close();
  }

  async #freshToken(): Promise<string | undefined> {
    const token = await this.#token?.();
    clearTimeout(this.#renewal);
    const expiresAt = token === undefined ? undefined : expiryOf(token);
    if (expiresAt === undefined || this.#isOver) return token;
    const leftMs = expiresAt - Date.now() - EARLY_MS;
    // The clock of this page is wrong: the service will say when it ends.
    if (leftMs < -EARLY_MS) return token;
    const waitMs = Math.min(Math.max(leftMs, MIN_RENEWAL_MS), MAX_DELAY_MS);
    this.#renewIn(waitMs);
    return token;
  }

  #renewIn(waitMs: number): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => {
      this.#renew().catch((error: unknown) => {
        this.#onError(error);
        if (!this.#isOver) this.#renewIn(RETRY_MS);
      });
    }, waitMs);
  }

  get #isOver(): boolean {
    return this.#isClosed || this.#refusal !== undefined;
  }

  /** Shows a fresh token before the current one expires. */
  async #renew(): Promise<void> {
    // A later room asks for one.
    if (this.#all.length === 0) return;
    const token = await this.#freshToken();
    if (token === undefined) return;
    // It counts for the whole connection.
    const onDone = () => this.#each((room) => room.authorized());
    this.#all.some((room) => room.authorize(token, onDone));
  }

  get #all(): AnyRoom[] {
    return [...this.#rooms.values(), ...this.#documents.values()]
      .map(({ room }) => room);
  }

  #each(act: (room: AnyRoom) => void): void {
    this.#all.forEach(act);
  }
}

/** After these events of a page, its connection may be dead. */
const WAKING = ["online", "pageshow", "focus"];

/** How long before its end a token is renewed. */
const EARLY_MS = 30_000;

/** The least time between two renewals, and after a failure. */
const MIN_RENEWAL_MS = 10_000;
const RETRY_MS = 2_000;

/** Returns the end of a JSON Web Token; `undefined` for any other text. */
function expiryOf(token: string): Timestamp | undefined {
  const [, claims = ""] = token.split(".");
  try {
    const text = atob(claims.replaceAll("-", "+").replaceAll("_", "/"));
    const { exp }: { readonly exp?: unknown } = JSON.parse(text);
    return typeof exp === "number" ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

/** The names that clients of this page have: each has another one. */
const taken = new Set<string>();

/** Returns a name that a reload of the tab keeps, where there are tabs. */
function nameOfTab(kind: string): string {
  const fresh = uniqueName();
  if (!("document" in globalThis)) return fresh;
  let name = fresh;
  try {
    const key = `ruthere/${kind}`;
    name = sessionStorage.getItem(key) ?? fresh;
    if (taken.has(name)) return fresh;
    sessionStorage.setItem(key, name);
  } catch {
    // The page may not keep anything.
  }
  taken.add(name);
  return name;
}

function socketUrlOf(url: string | URL): URL | undefined {
  if (!URL.canParse(String(url))) return undefined;
  const socket = new URL(url);
  if (!/^(http|ws)s?:$/.test(socket.protocol)) return undefined;
  socket.protocol = socket.protocol.replace("http", "ws");
  socket.pathname = `${socket.pathname.replace(/\/$/, "")}/socket/websocket`;
  socket.searchParams.set("vsn", "2.0.0");
  socket.searchParams.set("bundle", "1");
  return socket;
}
