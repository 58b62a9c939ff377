import { MAX_DELAY_MS } from "../../../core/assert.ts";
import { pause } from "../../internal.ts";
import { backOffMs } from "../back_off.ts";
import { PresenceRequestError, requestErrorOf } from "./request_error.ts";
import { type SseBlock, SseParser } from "./sse_parser.ts";

/** The options of a stream of events. */
export interface StreamOptions<T> {
  /** Requests the stream, from a position on if there is one. */
  readonly request: (
    lastEventId: string | undefined,
    signal: AbortSignal,
  ) => Promise<Response>;
  /**
   * Converts a block to an event, if it has one. If it throws, the block is
   * damaged: the stream is requested again from the position before it.
   */
  readonly read: (block: SseBlock) => T | undefined;
  /** The position to start from. */
  readonly lastEventId: string | undefined;
  /** The interval of keep-alives, if the service does not send it. */
  readonly keepAliveMs: number;
  /** Called with each failure before the retry. */
  readonly onRetry: ((error: unknown) => void) | undefined;
}

/** The number of intervals without a sign of life that end a connection. */
const PATIENCE = 2.5;

const FIRST_RETRY_MS = 1_000;
const MIN_RETRY_MS = 100;

/** The longest pause that the service can ask for. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Yields the events of a stream, over as many connections as it takes. After each
 * failure it retries with a pause, unless the service refuses permanently.
 *
 * @throws {PresenceRequestError} If the service refuses permanently.
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
    const backOff = backOffMs(failures++, retryMs);
    await pause(requestedPause(error) + backOff, signal);
  }
}

/** Yields the blocks of one connection. */
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
    const given = Number(response.headers.get("presence-keep-alive-ms"));
    if (given > 0) silenceMs = given * PATIENCE;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const parser = new SseParser();
    while (true) {
      const next = reader.read();
      const { done, value } = await within(next, silenceMs, attempt.signal);
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
 * Returns the value of a promise, if it resolves in time and before the signal is
 * aborted. A later value is discarded.
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
    }, Math.min(ms, MAX_DELAY_MS));
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
  const reason = `the service sent no event stream: received "${type}"`;
  throw new TypeError(`Cannot read changes: ${reason}`);
}

function cancelBody({ body }: Response): void {
  body?.cancel().catch(() => {});
}

/** Reports whether the service would refuse a retry as well. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof PresenceRequestError)) return false;
  const { status } = error;
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

/** Returns the pause that the service asks for. */
function requestedPause(error: unknown): number {
  if (!(error instanceof PresenceRequestError)) return 0;
  return Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
}
