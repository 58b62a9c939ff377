import type { Ask } from "./exchange.ts";
import type { PositionTokens } from "./position_token.ts";
import type { CursorPosition } from "../../store/mod.ts";
import type { ServedBatch } from "./served.ts";

const encoder = new TextEncoder();

/** After how long a browser comes back when the stream has ended. */
const OPENING = encoder.encode("retry: 1000\n\n");

/**
 * The events of batches, as bytes. Watchers with equal rights are given the
 * same batch, and share its bytes.
 */
const events = new WeakMap<ServedBatch, Uint8Array>();

/** A watch as server-sent events. A batch is made when the reader asks for it. */
export function changesStream(
  { service, request, actor }: Ask,
  tokens: PositionTokens,
  context: string,
  since: CursorPosition | undefined,
): Response {
  const { server, keepAliveMs, quotas } = service;
  const headers = {
    "cache-control": "no-store, no-transform",
    "content-type": "text/event-stream",
    "presence-keep-alive-ms": String(keepAliveMs),
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  const ended = new AbortController();
  const countOff = quotas.openStream(actor.account);
  const watch = server.watch({
    context,
    viewer: actor.viewer,
    signal: ended.signal,
    since,
    keepAliveMs,
  });
  const signals = [disconnectSignal(request), actor.signal];
  const end = () => {
    if (ended.signal.aborted) return;
    ended.abort();
    countOff();
    for (const signal of signals) signal?.removeEventListener("abort", end);
  };
  for (const signal of signals) signal?.addEventListener("abort", end);
  if (signals.some((signal) => signal?.aborted)) end();
  let isOpen = false;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!isOpen) {
        isOpen = true;
        return controller.enqueue(OPENING);
      }
      try {
        const { done, value } = await watch.next();
        if (isCancelled) return;
        if (!done) return controller.enqueue(encodeBatch(value, tokens));
        end();
        controller.close();
      } catch (error) {
        end();
        service.report(error, request);
        controller.error(error);
      }
    },
    cancel() {
      isCancelled = true;
      end();
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers });
}

/**
 * Only a batch that leaves the reader whole has an id: who resumed in the
 * middle of a baseline would miss the rest of it.
 */
function encodeBatch(batch: ServedBatch, tokens: PositionTokens): Uint8Array {
  const isWhole = batch.type === "changes" || batch.last;
  const id = isWhole ? `id: ${tokens.write(batch.position)}\n\n` : "\n";
  if (batch.type === "changes" && batch.changes.length === 0) {
    return encoder.encode(id);
  }
  const event = encodeEvent(batch);
  const end = encoder.encode(id);
  const block = new Uint8Array(event.length + end.length);
  block.set(event);
  block.set(end, event.length);
  return block;
}

function encodeEvent(batch: ServedBatch): Uint8Array {
  let event = events.get(batch);
  if (event === undefined) {
    const name = batch.type === "baseline" ? "baseline" : "change";
    event = encoder.encode(
      `event: ${name}\ndata: ${JSON.stringify(batch)}\n`,
    );
    events.set(batch, event);
  }
  return event;
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
