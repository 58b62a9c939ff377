import { TokenBucket, type TokenRate } from "../../internal.ts";
import type { Acceptance } from "../endpoint.ts";
import { CLOSE_CODES, type SocketTransport } from "./transport.ts";

/** What receives the frames of a client. */
export interface FrameReceiver {
  /** Handles a frame: a text, or bytes. Never throws. */
  receive(frame: string | Uint8Array): void;
  /** Handles the closing of the transport. Later calls do nothing. */
  lost(): void;
}

/** What a pipe needs of its endpoint. */
export interface PipeHost {
  /** Decides about the request for one of its sockets. */
  accept(request: Request): Promise<Acceptance | Response>;
  /** How many sockets may open in it a second. */
  readonly rate: TokenRate;
  /** Returns the steady time. */
  clock(): number;
  /** Reports an error. */
  report(error: unknown): void;
  /** Called when the pipe has closed. */
  onClosed(): void;
}

/** How many sockets a pipe may have. */
const MAX_SOCKETS = 100;

/** When a pipe closes that has no socket yet. */
const EMPTY_MS = 10_000;

/** What a browser reports for a socket that does not open. */
const NEVER_OPENED = 1006;

/** The client has closed all of them. */
const NORMAL = 1000;

/**
 * Several sockets in one, those of the tabs of a browser. Each has a token of its
 * own, and is as any other socket of the endpoint. See ADR 0005.
 *
 * `+{id} {protocols}` opens a socket, and `+{id}` says that it is open. `-{id}`
 * closes it, from the server with ` {code} {reason}`. `{id} {frame}` is a frame.
 */
export class Pipe implements FrameReceiver {
  readonly #host: PipeHost;
  readonly #url: string;
  readonly #headers: Headers;
  readonly #transport: SocketTransport;
  readonly #bucket: TokenBucket;
  /** The sockets by id; `undefined` while one opens. */
  readonly #sockets = new Map<string, FrameReceiver | undefined>();
  #isClosed = false;
  readonly #empty: ReturnType<typeof setTimeout>;

  /** Makes a pipe of the socket that a request has opened. */
  constructor(host: PipeHost, request: Request, transport: SocketTransport) {
    const url = new URL(request.url);
    url.searchParams.delete("pipe");
    this.#host = host;
    this.#url = url.href;
    this.#headers = request.headers;
    this.#transport = transport;
    this.#bucket = new TokenBucket(host.rate, host.clock());
    const { policyViolation } = CLOSE_CODES;
    this.#empty = setTimeout(
      () => this.close(policyViolation, "Nothing opens"),
      EMPTY_MS,
    );
  }

  receive(frame: string | Uint8Array): void {
    if (this.#isClosed) return;
    const text = typeof frame === "string" ? frame : "";
    const end = text.indexOf(" ");
    const head = end < 0 ? text : text.slice(0, end);
    const rest = end < 0 ? "" : text.slice(end + 1);
    const [, sign, id] = /^([+-]?)(\d{1,9})$/.exec(head) ?? [];
    // Protocols become a header.
    if (id === undefined || sign === "+" && !/^[ -~]*$/.test(rest)) {
      this.close(CLOSE_CODES.policyViolation, "Cannot read frame");
    } else if (sign === "+") {
      this.#open(id, rest).catch((error: unknown) => {
        this.#host.report(error);
        this.#end(id, CLOSE_CODES.internalError, "Internal error");
      });
    } else if (sign === "-") {
      const socket = this.#sockets.get(id);
      this.#sockets.delete(id);
      socket?.lost();
      this.#closeIfEmpty(NORMAL, "");
    } else {
      this.#sockets.get(id)?.receive(rest);
    }
  }

  lost(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#empty);
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    for (const socket of sockets) socket?.lost();
    this.#host.onClosed();
  }

  /** Closes it with all its sockets; what they held remains for the grace. */
  close(code: number, reason: string): void {
    this.#transport.close(code, reason);
    this.lost();
  }

  async #open(id: string, protocols: string): Promise<void> {
    const isFlood = this.#bucket.take(this.#host.clock()) > 0;
    if (isFlood || this.#sockets.has(id) || this.#sockets.size >= MAX_SOCKETS) {
      return this.close(CLOSE_CODES.policyViolation, "Too many sockets");
    }
    clearTimeout(this.#empty);
    this.#sockets.set(id, undefined);
    const headers = new Headers(this.#headers);
    headers.delete("sec-websocket-protocol");
    if (protocols !== "") headers.set("sec-websocket-protocol", protocols);
    const request = new Request(this.#url, { headers });
    const acceptance = await this.#host.accept(request);
    // The client may have closed it meanwhile.
    if (!this.#sockets.has(id)) return;
    if (acceptance instanceof Response) return this.#end(id, NEVER_OPENED, "");
    this.#transport.send(`+${id}`);
    const socket = acceptance.open(this.#transportOf(id));
    if (this.#sockets.has(id)) this.#sockets.set(id, socket);
    else socket.lost();
  }

  #transportOf(id: string): SocketTransport {
    const transport = this.#transport;
    return {
      get bufferedAmount() {
        return transport.bufferedAmount;
      },
      send: (frame) => {
        // Its client asks for no bytes.
        if (this.#sockets.has(id)) transport.send(`${id} ${frame}`);
      },
      close: (code, reason) => this.#end(id, code, reason),
      // Its client is dead, and so are the others.
      terminate: () => transport.terminate(),
    };
  }

  /** Tells the client that a socket has closed. */
  #end(id: string, code: number, reason: string): void {
    const socket = this.#sockets.get(id);
    if (!this.#sockets.delete(id)) return;
    this.#transport.send(`-${id} ${code} ${reason}`);
    // It is about to end, with what it holds.
    queueMicrotask(() => socket?.lost());
    this.#closeIfEmpty(code, reason);
  }

  #closeIfEmpty(code: number, reason: string): void {
    if (this.#sockets.size === 0) this.close(code, reason);
  }
}
