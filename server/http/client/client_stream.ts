import { MAX_DELAY_MS } from "../../../core/assert.ts";
import { pause } from "../../internal.ts";
import { PresenceRequestError, requestErrorOf } from "./request_error.ts";
import { type SseBlock, SseParser } from "./sse_parser.ts";

/** How a stream of events is kept going. */
export interface StreamOptions<T> {
  /** Asks for the stream, from a position on if there is one. */
  readonly request: (
    lastEventId: string | undefined,
    signal: AbortSignal,
  ) => Promise<Response>;
  /**
   * What a block means, if it means anything. A block that it throws on was
   * spoilt on the way: the stream is asked for again, from before it.
   */
  readonly read: (block: SseBlock) => T | undefined;
  /** Where to go on from, to begin with. */
  readonly lastEventId: string | undefined;
  /** How often a sign of life is due, unless the service says otherwise. */
  readonly keepAliveMs: number;
  /** Told of every failure that is tried again after. */
  readonly onRetry: ((error: unknown) => void) | undefined;
}

/** Without a sign of life for so many intervals, a connection is given up. */
const PATIENCE = 2.5;

const FIRST_RETRY_MS = 1_000;
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;

/** The longest that is waited because the service said so. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * What the blocks of an event stream mean, over as many connections as it
 * takes. Whatever goes wrong is tried again after a pause, but for a refusal.
 *
 * @throws {PresenceRequestError} If the service refuses the request for good.
 */
export async function* streamEvents<T>(
  options: StreamOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void> {
  let { lastEventId } = options;
  let failures = 0;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    let error: unknown;
    try {
      for await (const block of connect(options, lastEventId, signal)) {
        retryMs = Math.max(block.retryMs ?? retryMs, MIN_RETRY_MS);
        const event = options.read(block);
        if (block.id !== undefined) {
          lastEventId = block.id;
          failures = 0;
        }
        if (event !== undefined) yield event;
      }
    } catch (thrown) {
      if (isFinal(thrown)) throw thrown;
      error = thrown;
    }
    if (signal.aborted) return;
    options.onRetry?.(error);
    const backOff = Math.min(retryMs * 2 ** failures++, MAX_RETRY_MS);
    const jitter = 0.5 + Math.random() / 2;
    await pause(toldPause(error) + backOff * jitter, signal);
  }
}

/** The blocks that come over one connection. */
async function* connect(
  { request, keepAliveMs }: StreamOptions<unknown>,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<SseBlock, void> {
  const attempt = new AbortController();
  let silenceMs = keepAliveMs * PATIENCE;
  const abort = () => attempt.abort(signal.reason);
  signal.addEventListener("abort", abort);
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const asked = request(lastEventId, attempt.signal);
    const response = await within(asked, silenceMs, attempt.signal, cancelBody);
    if (!response.ok) {
      const error = requestErrorOf("read changes", response);
      throw await within(error, silenceMs, attempt.signal);
    }
    reader = eventsOf(response).getReader();
    const told = Number(response.headers.get("presence-keep-alive-ms"));
    if (told > 0) silenceMs = told * PATIENCE;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const parser = new SseParser();
    while (true) {
      const { done, value } = await within(
        reader.read(),
        silenceMs,
        attempt.signal,
      );
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal.removeEventListener("abort", abort);
    attempt.abort();
    reader?.cancel().catch(() => {});
  }
}

/**
 * What a promise gives, if it does in time and before the signal is aborted;
 * what it gives later is discarded.
 */
function within<T>(
  answer: Promise<T>,
  ms: number,
  signal: AbortSignal,
  discard?: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const lose = (error: unknown) => {
      isLate = true;
      release();
      reject(error);
    };
    const onAbort = () => lose(signal.reason);
    const timer = setTimeout(() => {
      lose(new Error("Cannot read changes: there is no sign of life"));
    }, timerMs(ms));
    const release = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    answer.then((value) => {
      if (isLate) return discard?.(value);
      release();
      resolve(value);
    }, lose);
  });
}

function eventsOf(response: Response): ReadableStream<Uint8Array> {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream") && response.body !== null) {
    return response.body;
  }
  cancelBody(response);
  throw new TypeError(
    `Cannot read changes: the service sent no event stream: received ${
      JSON.stringify(type)
    }`,
  );
}

function cancelBody({ body }: Response): void {
  body?.cancel().catch(() => {});
}

/** What the service refuses it will refuse again, but for these. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof PresenceRequestError)) return false;
  const { status } = error;
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

/** How long the service says to stay away. */
function toldPause(error: unknown): number {
  if (!(error instanceof PresenceRequestError)) return 0;
  return Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
}

function timerMs(ms: number): number {
  return Math.min(ms, MAX_DELAY_MS);
}
