import { isJsonObject, type JsonObject, parseJson } from "../internal.ts";
import { backOffMs } from "./back_off.ts";
import { base64UrlOf } from "./base64url.ts";
import { isMessage, type Message, type OpenWire, type Wire } from "./wire.ts";

/** What a socket tells its client. */
export interface SocketEvents {
  /** It has opened: join. */
  onOpen(): void;
  /** It is lost, and tries again. */
  onLost(): void;
  /** Something has failed on the way to a new attempt. */
  onError(error: unknown): void;
  /** It has given up, for a reason. */
  onRefused(reason: string): void;
  /** The service tells whether it is cut off from others. */
  onCutOff(isCutOff: boolean): void;
  /** A message about a topic has arrived. */
  onMessage(message: SocketMessage): void;
}

/** A message that is no reply. */
export interface SocketMessage {
  readonly joinRef: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: JsonObject;
}

/** How a socket connects. */
export interface SocketSettings {
  /** The URL of the socket. */
  readonly url: URL;
  readonly open: OpenWire;
  /** Opens it where no socket can, if there is another way. */
  readonly fallback: OpenWire | undefined;
  /** Returns a fresh token, if there are tokens. */
  token(): Promise<string | undefined>;
}

/** What becomes of a message. */
export type Answer =
  /** It was done. */
  | { readonly type: "ok"; readonly response: JsonObject }
  /** The service refuses it. */
  | { readonly type: "refused"; readonly reason: string }
  /** There is no connection, or it was lost before the answer. */
  | { readonly type: "lost" };

/** How often a client shows that it lives. */
const HEARTBEAT_MS = 25_000;

/** How long a service may take to answer. */
const PATIENCE_MS = 10_000;

/** How long it may after the page was frozen, or the network has changed. */
const SHORT_PATIENCE_MS = 3_000;

/** The service says that only another token can help. */
const FINAL = ["kicked", "revoked"];

/**
 * A connection that opens again after each loss, with growing pauses. It speaks
 * the protocol of Phoenix, with bundles.
 */
export class LiveSocket {
  readonly #settings: SocketSettings;
  readonly #events: SocketEvents;
  readonly #awaited = new Map<string, (answer: Answer) => void>();
  /** The socket that is open or opens; another one replaces it. */
  #socket: Wire | undefined;
  #isOpen = false;
  #isOver = false;
  /** The attempt to connect that is under way. */
  #attempt: object | undefined;
  #failures = 0;
  #openedAt = Infinity;
  /** Whether any has opened. */
  #hasOpened = false;
  /** How often in a row the service wanted a socket, and none opened. */
  #blocked = 0;
  #ref = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #beat: ReturnType<typeof setTimeout> | undefined;

  /** Makes it; it connects with the first `hurry()`. */
  constructor(settings: SocketSettings, events: SocketEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Returns a name for a join or another message. */
  nextRef(): string {
    return String(++this.#ref);
  }

  /**
   * Sends a message.
   *
   * @param onAnswer Called once, before any later message is passed on.
   */
  push(
    joinRef: string,
    topic: string,
    event: string,
    payload: object,
    onAnswer: (answer: Answer) => void,
    ref: string = this.nextRef(),
  ): void {
    if (!this.#isOpen) return onAnswer({ type: "lost" });
    if (bytesOf(payload) > MAX_BYTES) {
      return onAnswer({ type: "refused", reason: "it is too large" });
    }
    this.#awaited.set(ref, onAnswer);
    this.#write(joinRef, ref, topic, event, payload);
  }

  /**
   * Connects at once if it does not; asks an open connection for a sign of life.
   * Call it when the page has slept, or the network has changed.
   */
  hurry(): void {
    if (this.#isOver || this.#attempt !== undefined) return;
    if (this.#isOpen) return this.#checkLife(SHORT_PATIENCE_MS);
    clearTimeout(this.#retry);
    const attempt = this.#attempt = {};
    this.#connect(attempt).catch((error: unknown) => {
      if (this.#attempt === attempt) this.#failed(error);
    });
  }

  /** Closes it for good. */
  close(): void {
    this.#isOver = true;
    this.#attempt = undefined;
    clearTimeout(this.#retry);
    this.#drop();
  }

  async #connect(attempt: object): Promise<void> {
    const { token, fallback } = this.#settings;
    this.#expect(PATIENCE_MS);
    const text = await token();
    if (this.#attempt !== attempt) return;
    const protocols = text === undefined
      ? []
      : ["phoenix", `base64url.bearer.phx.${base64UrlOf(text)}`];
    const isBlocked = fallback !== undefined && this.#blocked >= MAX_BLOCKED;
    const open = isBlocked ? fallback : this.#settings.open;
    let hasOpened = false;
    this.#expect(PATIENCE_MS);
    const socket = this.#socket = open(protocols, {
      opened: () => {
        hasOpened = true;
        // After a fallback, a socket has its chance again.
        this.#blocked = isBlocked ? MAX_BLOCKED - 1 : 0;
        if (this.#socket === socket) this.#opened();
      },
      received: (frame) => {
        if (this.#socket === socket) this.#receive(frame);
      },
      closed: (code, reason) => {
        if (this.#socket !== socket) return;
        this.#drop();
        if (code === POLICY_VIOLATION && FINAL.includes(reason)) {
          return this.#refused(reason);
        }
        if (hasOpened) return this.#lost();
        // Browsers do not say why a socket is refused.
        this.#askWhy(text).catch(() => this.#unreachable());
      },
    });
  }

  #opened(): void {
    this.#attempt = undefined;
    this.#isOpen = true;
    this.#openedAt = Date.now();
    this.#hasOpened = true;
    this.#beatLater();
    this.#events.onOpen();
  }

  /** Lets the socket be the former one: nothing of it is heard any more. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    clearTimeout(this.#beat);
    socket?.close();
    const awaited = [...this.#awaited.values()];
    this.#awaited.clear();
    for (const onAnswer of awaited) onAnswer({ type: "lost" });
  }

  #lost(): void {
    this.#attempt = undefined;
    clearTimeout(this.#beat);
    if (this.#isOver) return;
    if (Date.now() - this.#openedAt > GOOD_MS) this.#failures = 0;
    this.#openedAt = Infinity;
    this.#events.onLost();
    // Somebody calls `hurry()` once there is a network again.
    const failures = isOffline() ? Infinity : this.#failures;
    this.#failures++;
    const pauseMs = backOffMs(failures, FIRST_PAUSE_MS);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.hurry(), pauseMs);
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#events.onError(error);
    this.#lost();
  }

  #refused(reason: string): void {
    this.#attempt = undefined;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onRefused(reason);
  }

  #unreachable(): void {
    this.#lost();
    // Nothing else would tell the developer.
    if (this.#hasOpened || this.#isOver || this.#failures !== 2) return;
    const hint = "it is away, or does not trust the origin of this page";
    this.#events.onError(new Error(`Cannot reach the service: ${hint}`));
  }

  /** Asks the service why it has refused the socket. */
  async #askWhy(token: string | undefined): Promise<void> {
    const { url } = this.#settings;
    const http = new URL(url);
    http.protocol = url.protocol.replace("ws", "http");
    const headers: HeadersInit = token === undefined
      ? {}
      : { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(http, { headers, signal });
    const reason = (await response.text()).trim();
    const { status } = response;
    const isFinal = status === 401 || status === 403;
    // Something on the way may refuse it as well.
    if (isFinal && reason.startsWith(REASON)) return this.#refused(reason);
    if (status === UPGRADE_REQUIRED) this.#blocked++;
    this.#lost();
  }

  #receive(frame: string): void {
    this.#beatLater();
    const messages = parseJson(frame);
    if (!Array.isArray(messages)) return;
    for (const message of messages) {
      if (!isMessage(message)) continue;
      try {
        this.#take(message);
      } catch (error) {
        // A listener that throws loses no other message.
        this.#events.onError(error);
      }
    }
  }

  #take([joinRef, ref, topic, event, payload]: Message): void {
    if (event !== "phx_reply") {
      this.#events.onMessage({ joinRef, topic, event, payload });
      return;
    }
    const onAnswer = ref === null ? undefined : this.#awaited.get(ref);
    if (ref === null || onAnswer === undefined) return;
    this.#awaited.delete(ref);
    const { status } = payload;
    const response = isJsonObject(payload.response) ? payload.response : {};
    if (status === "ok") return onAnswer({ type: "ok", response });
    const { reason } = response;
    onAnswer({
      type: "refused",
      reason: typeof reason === "string" ? reason : "no reason given",
    });
  }

  #beatLater(): void {
    clearTimeout(this.#beat);
    this.#beat = setTimeout(() => this.#checkLife(PATIENCE_MS), HEARTBEAT_MS);
  }

  /** Asks for an answer, without which the connection is lost. */
  #checkLife(patienceMs: number): void {
    const ref = this.nextRef();
    this.#awaited.set(ref, (answer) => {
      if (answer.type !== "ok") return;
      this.#events.onCutOff(answer.response.incomplete === true);
    });
    this.#expect(patienceMs);
    this.#write(null, ref, "phoenix", "heartbeat", {});
  }

  /** Gives the connection up, unless there is a sign of life in time. */
  #expect(patienceMs: number): void {
    clearTimeout(this.#beat);
    this.#beat = setTimeout(() => {
      this.#drop();
      this.#lost();
    }, patienceMs);
  }

  #write(...message: readonly unknown[]): void {
    if (this.#isOpen) this.#socket?.send(JSON.stringify(message));
  }
}

const FIRST_PAUSE_MS = 500;

/** The service lets the client in, and only lacks the socket. */
const UPGRADE_REQUIRED = 426;

/** So often no socket opens before the client goes another way. */
const MAX_BLOCKED = 2;

/** A service closes the connection on a longer frame, by default. */
const MAX_BYTES = 260_000;

/** A connection that lasts so long was a good one. */
const GOOD_MS = 10_000;

/** How the service begins a reason to refuse a socket. */
const REASON = "Cannot connect: ";

/** The close code of a service that no longer wants the client. */
const POLICY_VIOLATION = 1008;

function bytesOf(payload: object): number {
  return new TextEncoder().encode(JSON.stringify(payload)).length;
}

function isOffline(): boolean {
  const browser: object | undefined = globalThis.navigator;
  return browser !== undefined && "onLine" in browser && !browser.onLine;
}
