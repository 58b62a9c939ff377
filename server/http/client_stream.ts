import { type PresenceRequestError, requestErrorOf } from "./request_error.ts";
import { type SseBlock, SseParser } from "./sse_parser.ts";

/** How a stream of events is kept going. */
export interface StreamOptions {
  /** Asks for the stream, from a position on if there is one. */
  readonly request: (
    lastEventId: string | undefined,
    signal: AbortSignal,
  ) => Promise<Response>;
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
const MAX_RETRY_MS = 30_000;

/**
 * The blocks of an event stream, over as many connections as it takes.
 *
 * @throws {PresenceRequestError} If the service refuses the request for good.
 */
export async function* streamEvents(
  options: StreamOptions,
  signal: AbortSignal,
): AsyncGenerator<SseBlock, void> {
  let { lastEventId } = options;
  let failures = 0;
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const blocks = connect(options, lastEventId, signal);
    let lost: LostConnection | undefined;
    try {
      while (lost === undefined) {
        const { done, value } = await blocks.next();
        if (done) {
          lost = value;
          break;
        }
        retryMs = value.retryMs ?? retryMs;
        if (value.id !== undefined) {
          lastEventId = value.id;
          failures = 0;
        }
        yield value;
      }
    } finally {
      await blocks.return({ error: undefined });
    }
    if (signal.aborted) return;
    options.onRetry?.(lost.error);
    const backOff = Math.min(retryMs * 2 ** failures++, MAX_RETRY_MS);
    const jitter = 0.5 + Math.random() / 2;
    await pause((lost.retryAfterMs ?? 0) + backOff * jitter, signal);
  }
}

/** Why a connection is gone. */
interface LostConnection {
  readonly error: unknown;
  readonly retryAfterMs?: number | undefined;
}

/** The blocks that come over one connection. */
async function* connect(
  { request, keepAliveMs }: StreamOptions,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<SseBlock, LostConnection> {
  const attempt = new AbortController();
  const patience = new Patience(attempt, keepAliveMs);
  const abort = () => attempt.abort(signal.reason);
  signal.addEventListener("abort", abort);
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const response = await patience.during(
      request(lastEventId, attempt.signal),
    );
    if (response instanceof LostError) return response;
    if (!response.ok) {
      const error = await requestErrorOf("read changes", response);
      if (isFinal(error)) throw error;
      return { error, retryAfterMs: error.retryAfterMs };
    }
    reader = eventsOf(response).getReader();
    const told = Number(response.headers.get("presence-keep-alive-ms"));
    if (told > 0) patience.keepAliveMs = told;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const parser = new SseParser();
    while (true) {
      const chunk = await patience.during(reader.read());
      if (chunk instanceof LostError) return chunk;
      if (chunk.done) return { error: undefined };
      yield* parser.push(decoder.decode(chunk.value, { stream: true }));
    }
  } finally {
    signal.removeEventListener("abort", abort);
    attempt.abort();
    reader?.cancel().catch(() => {});
  }
}

/** What came instead of an answer. */
class LostError extends Error implements LostConnection {
  readonly error: unknown;
  constructor(error: unknown) {
    super("The connection is lost", { cause: error });
    this.error = error;
  }
}

/** Waits for answers, but only for so long. */
class Patience {
  readonly #attempt: AbortController;
  /** How often a sign of life is due. */
  keepAliveMs: number;

  constructor(attempt: AbortController, keepAliveMs: number) {
    this.#attempt = attempt;
    this.keepAliveMs = keepAliveMs;
  }

  /** What a promise gives, if it does in time and the attempt is not over. */
  during<T>(answer: Promise<T>): Promise<T | LostError> {
    const { signal } = this.#attempt;
    return new Promise((resolve) => {
      const lose = (error: unknown) => {
        settle(new LostError(error));
      };
      const onAbort = () => lose(signal.reason);
      const timer = setTimeout(() => {
        lose(new Error("Cannot read changes: there is no sign of life"));
      }, this.keepAliveMs * PATIENCE);
      const settle = (result: T | LostError) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        resolve(result);
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort);
      answer.then(settle, lose);
    });
  }
}

function eventsOf(response: Response): ReadableStream<Uint8Array> {
  const type = response.headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream") && response.body !== null) {
    return response.body;
  }
  response.body?.cancel().catch(() => {});
  throw new TypeError(
    `Cannot read changes: the service sent no event stream: received ${
      JSON.stringify(type)
    }`,
  );
}

/** What the service refuses it will refuse again, but for these. */
function isFinal({ status }: PresenceRequestError): boolean {
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

/** Waits a while, or until the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
}
