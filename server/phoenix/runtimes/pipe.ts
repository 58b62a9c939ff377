import { TokenBucket } from "../../internal.ts";
import type { Acceptance } from "../endpoint.ts";
import { messageRate, type PhoenixLimits } from "../limits.ts";
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
  /** Its limits: as many sockets may open a second as messages may be sent. */
  readonly limits: PhoenixLimits;
  /** Returns the steady time. */
  clock(): number;
  /** Reports an error. */
  report(error: unknown): void;
  /** Called when the pipe has closed. */
  onClosed(): void;
}

/** How many sockets a pipe may have. */
const MAX_SOCKETS = 100;

/** When a pipe closes that has no socket. Its client closes it before. */
const EMPTY_MS = 10_000;

/** What a browser reports for a socket that does not open; no close has it. */
const NEVER_OPENED = 1006;

/** The place of one socket: a number that is used again has another one. */
interface Place {
  /** The socket; `undefined` while it opens. */
  socket: FrameReceiver | undefined;
}

/**
 * Several sockets in one, those of the tabs of a browser. Each has a token of its
 * own, and is as any other socket of the endpoint. See ADR 0005.
 *
 * `+{id} {protocols}` opens a socket, and `+{id}` says that it is open. `-{id}`
 * closes it, from the server with ` {code} {reason}`. `{id} {frame}` is a frame.
 */
export class Pipe implements FrameReceiver {
  /** Resolves when its transport has closed, and is not only closing. */
  readonly gone: Promise<void>;
  #markGone: () => void = () => {};
  readonly #host: PipeHost;
  readonly #url: string;
  readonly #headers: Headers;
  readonly #transport: SocketTransport;
  readonly #bucket: TokenBucket;
  readonly #places = new Map<string, Place>();
  #isClosed = false;
  #empty: ReturnType<typeof setTimeout> | undefined;

  /** Makes a pipe of the socket that a request has opened. */
  constructor(host: PipeHost, request: Request, transport: SocketTransport) {
    const url = new URL(request.url);
    url.searchParams.delete("pipe");
    this.#host = host;
    this.#url = url.href;
    this.#headers = request.headers;
    this.#transport = transport;
    this.#bucket = new TokenBucket(messageRate(host.limits), host.clock());
    this.gone = new Promise((resolve) => this.#markGone = resolve);
    this.#awaitSocket();
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
      this.#open(id, rest);
    } else if (sign === "-") {
      const place = this.#places.get(id);
      this.#places.delete(id);
      place?.socket?.lost();
      this.#awaitSocket();
    } else {
      this.#places.get(id)?.socket?.receive(rest);
    }
  }

  lost(): void {
    this.#markGone();
    this.#shut();
  }

  /** Closes it with all its sockets; what they held remains for the grace. */
  close(code: number, reason: string): void {
    this.#transport.close(code, reason);
    this.#shut();
  }

  #shut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#empty);
    const places = [...this.#places.values()];
    this.#places.clear();
    for (const { socket } of places) socket?.lost();
    this.#host.onClosed();
  }

  #open(id: string, protocols: string): void {
    const { policyViolation, internalError } = CLOSE_CODES;
    if (this.#places.has(id)) {
      return this.close(policyViolation, "Opens a socket twice");
    }
    const isFlood = this.#bucket.take(this.#host.clock()) > 0;
    if (isFlood || this.#places.size >= MAX_SOCKETS) {
      // The answers of one that does not read would pile up.
      if (this.#transport.bufferedAmount > this.#host.limits.bufferedBytes) {
        return this.close(policyViolation, "Reads too slowly");
      }
      return this.#transport.send(
        `-${id} ${policyViolation} Too many sockets`,
      );
    }
    clearTimeout(this.#empty);
    const place: Place = { socket: undefined };
    this.#places.set(id, place);
    this.#fill(id, place, protocols).catch((error: unknown) => {
      this.#host.report(error);
      this.#end(id, place, internalError, "Internal error");
    });
  }

  async #fill(id: string, place: Place, protocols: string): Promise<void> {
    const headers = new Headers(this.#headers);
    headers.delete("sec-websocket-protocol");
    if (protocols !== "") headers.set("sec-websocket-protocol", protocols);
    const request = new Request(this.#url, { headers });
    const acceptance = await this.#host.accept(request);
    // The client may have closed it meanwhile.
    if (this.#places.get(id) !== place) return;
    if (acceptance instanceof Response) {
      const { policyViolation } = CLOSE_CODES;
      return this.#end(id, place, policyViolation, "", NEVER_OPENED);
    }
    this.#transport.send(`+${id}`);
    const socket = acceptance.open(this.#transportOf(id, place));
    if (this.#places.get(id) === place) place.socket = socket;
    else socket.lost();
  }

  #transportOf(id: string, place: Place): SocketTransport {
    const transport = this.#transport;
    return {
      get bufferedAmount() {
        return transport.bufferedAmount;
      },
      send: (frame) => {
        // Its client asks for no bytes.
        if (this.#places.get(id) === place) transport.send(`${id} ${frame}`);
      },
      close: (code, reason) => this.#end(id, place, code, reason),
      // Its client is dead, and so are the others.
      terminate: () => transport.terminate(),
    };
  }

  /** Tells the client that a socket has closed. */
  #end(
    id: string,
    place: Place,
    code: number,
    reason: string,
    told = code,
  ): void {
    if (this.#places.get(id) !== place) return;
    this.#places.delete(id);
    this.#transport.send(`-${id} ${told} ${reason}`);
    // It is about to end, with what it holds.
    queueMicrotask(() => place.socket?.lost());
    this.#awaitSocket();
  }

  /** Closes it if it has no socket for long: one may open at this moment. */
  #awaitSocket(): void {
    if (this.#places.size > 0) return;
    clearTimeout(this.#empty);
    const { policyViolation } = CLOSE_CODES;
    this.#empty = setTimeout(
      () => this.close(policyViolation, "Nothing opens"),
      EMPTY_MS,
    );
  }
}
