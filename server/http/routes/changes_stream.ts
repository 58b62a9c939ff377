import { callAt } from "../../internal.ts";
import type { Ask } from "./exchange.ts";
import type { CursorPosition } from "../../../store/mod.ts";
import type { Place, TokenWriter } from "./position_token.ts";
import type { PresenceBatch } from "../../mod.ts";

const encoder = new TextEncoder();

/** After how long a browser comes back when the stream has ended. */
const OPENING = encoder.encode("retry: 1000\n\n");

/** A reader that takes nothing for so long reads no more. */
const STALL_MS = 60_000;

/**
 * A watch as server-sent events. A batch is made when the reader asks for it,
 * and nothing at all is held before: a response may be dropped unread, and
 * then nobody is told.
 */
export function changesStream(
  ask: Ask,
  context: string,
  since: Place | undefined,
): Response {
  const { service, request, actor } = ask;
  const { keepAliveMs, quotas } = service;
  const headers = {
    "cache-control": "no-store, no-transform",
    "content-type": "text/event-stream",
    "presence-keep-alive-ms": String(keepAliveMs),
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  quotas.assertStream(actor.account);
  let stream: EventStream | undefined;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const give = (stream: EventStream, bytes: Uint8Array) => {
        controller.enqueue(bytes);
        // No error: a reader that goes on gets the rest, and reconnects.
        stream.waits(() => controller.close());
      };
      if (stream === undefined) {
        // Others may have taken the last place since the response was made.
        if (!quotas.hasStream(actor.account)) return controller.close();
        stream = new EventStream(ask, context, since);
        return give(stream, OPENING);
      }
      stream.isRead();
      try {
        const bytes = await stream.next();
        if (bytes !== undefined) give(stream, bytes);
        else if (!stream.isCancelled) controller.close();
      } catch (error) {
        stream.end();
        service.report(error, request);
        controller.error(error);
      }
    },
    cancel() {
      stream?.cancel();
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers });
}

/** A stream that is read: it has its place among the open ones until it ends. */
class EventStream {
  readonly #ask: Ask;
  readonly #context: string;
  readonly #ended = new AbortController();
  readonly #signals: readonly AbortSignal[];
  readonly #countOff: () => void;
  readonly #watch: AsyncIterator<PresenceBatch, void>;
  readonly #parts: PresenceBatch[] = [];
  readonly #end = () => this.end();
  readonly #expiry: Disposable;
  #write: TokenWriter | undefined;
  #stall: ReturnType<typeof setTimeout> | undefined;
  isCancelled = false;

  constructor(ask: Ask, context: string, since: Place | undefined) {
    const { service: { server, keepAliveMs, quotas }, actor, request } = ask;
    this.#ask = ask;
    this.#context = context;
    this.#write = since?.write;
    this.#countOff = quotas.openStream(actor.account);
    this.#watch = server.watch({
      context,
      viewer: actor.viewer,
      signal: this.#ended.signal,
      since: since?.position,
      keepAliveMs,
    });
    this.#signals = [disconnectSignal(request), actor.signal]
      .filter((signal) => signal !== undefined);
    for (const signal of this.#signals) {
      signal.addEventListener("abort", this.#end);
    }
    const { expiresAt = Infinity } = actor;
    this.#expiry = callAt(expiresAt, () => server.now, this.#end);
    const isOver = this.#signals.some(({ aborted }) => aborted);
    if (isOver || actor.end() !== undefined) this.end();
  }

  /** The bytes of the next event; `undefined` when there are no more. */
  async next(): Promise<Uint8Array | undefined> {
    const batch = this.#parts.shift() ?? await this.#nextBatch();
    const isWhole = batch?.type === "changes" || batch?.last === true;
    // While the machine has slept no timer has told of the end.
    const isOver = this.#ended.signal.aborted ||
      this.#ask.actor.end() !== undefined;
    if (batch === undefined || isOver) {
      this.end();
      return undefined;
    }
    // Who resumed in the middle of a baseline would miss the rest of it.
    const id = isWhole ? this.#idOf(batch.position) : undefined;
    return this.#ask.service.events.write(batch, id);
  }

  /** Ends it, and calls back, unless what it has given is taken soon. */
  waits(onStall: () => void): void {
    if (this.#ended.signal.aborted) return;
    this.#stall = setTimeout(() => {
      this.end();
      onStall();
    }, STALL_MS);
  }

  /** What it has given was taken. */
  isRead(): void {
    clearTimeout(this.#stall);
  }

  /** Frees all that it holds. */
  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    clearTimeout(this.#stall);
    this.#expiry[Symbol.dispose]();
    this.#countOff();
    for (const signal of this.#signals) {
      signal.removeEventListener("abort", this.#end);
    }
  }

  /** Ends it, because nobody reads any more. */
  cancel(): void {
    this.isCancelled = true;
    this.end();
  }

  #idOf(position: CursorPosition): string {
    const { service: { tokens }, actor } = this.#ask;
    const holder = { ...actor, context: this.#context };
    this.#write ??= tokens.begin(position, holder);
    return this.#write(position);
  }

  async #nextBatch(): Promise<PresenceBatch | undefined> {
    const { done, value } = await this.#watch.next();
    if (done) return undefined;
    const [first, ...others] = this.#ask.service.events.split(value);
    this.#parts.push(...others);
    return first;
  }
}

/**
 * What tells that a client is gone where the adapter between us and the socket
 * does not cancel the body. `Deno.serve` does, and has a warning for whoever
 * touches the signal.
 */
export function disconnectSignal(
  request: Request,
  userAgent: string = globalThis.navigator?.userAgent ?? "",
): AbortSignal | undefined {
  return userAgent.startsWith("Deno/") ? undefined : request.signal;
}
