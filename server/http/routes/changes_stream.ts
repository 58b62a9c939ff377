import { callAt, startWatch } from "../../internal.ts";
import type { Watch } from "../../mod.ts";
import type { Ask } from "./exchange.ts";
import type { Place } from "./position_token.ts";

/** Tells browsers how long to wait before they reconnect. */
const OPENING = new TextEncoder().encode("retry: 1000\n\n");

/** A reader that reads nothing for this time has stalled. */
const STALL_MS = 60_000;

/**
 * Streams a watch as server-sent events. The stream makes each batch when the
 * reader asks for it, and holds nothing before the first: a response may be
 * dropped unread without notice.
 */
export function changesStream(
  ask: Ask,
  context: string,
  since: Place | undefined,
): Response {
  const { service, request, actor } = ask;
  const headers = {
    "cache-control": "no-store, no-transform",
    "content-type": "text/event-stream",
    "presence-keep-alive-ms": String(service.keepAliveMs),
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  };
  if (request.method === "HEAD") return new Response(null, { headers });
  service.quotas.assertStream(actor.account);
  const events = openStream(ask, context, since);
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await events.next();
        if (isCancelled) return;
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        service.report(error, request);
        controller.error(error);
      }
    },
    async cancel() {
      isCancelled = true;
      await events[Symbol.asyncDispose]();
    },
  }, { highWaterMark: 0 });
  return new Response(body, { headers });
}

/**
 * Opens the events of a stream, which counts as open from the first read to the
 * end. It ends without an error when the client is gone, its rights have ended,
 * or the reader stalls: a reader that resumes reading reconnects.
 */
function openStream(
  ask: Ask,
  context: string,
  since: Place | undefined,
): Watch<Uint8Array> {
  const { service: { quotas, server }, request, actor } = ask;
  const ended = new AbortController();
  const end = () => ended.abort();
  const signals = [ended.signal, disconnectSignal(request), actor.signal];
  return startWatch(signals, async function* (signal) {
    // Other streams may have reached the limit since the response was made.
    if (!quotas.hasStream(actor.account)) return;
    const close = quotas.openStream(actor.account);
    const { expiresAt = Infinity } = actor;
    const expiry = callAt(expiresAt, () => server.now, end);
    // At once, even if the reader has stalled: the limit counts open streams.
    signal.addEventListener("abort", () => {
      expiry[Symbol.dispose]();
      close();
    });
    try {
      for await (const bytes of eventsOf(ask, context, since, signal)) {
        const stall = setTimeout(end, STALL_MS);
        try {
          yield bytes;
        } finally {
          clearTimeout(stall);
        }
      }
    } finally {
      end();
    }
  });
}

async function* eventsOf(
  { service, actor }: Ask,
  context: string,
  since: Place | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const { server, keepAliveMs, tokens, events } = service;
  let write = since?.write;
  yield OPENING;
  const batches = server.watch({
    context,
    viewer: actor.viewer,
    signal,
    since: since?.position,
    keepAliveMs,
  });
  for await (const batch of batches) {
    for (const part of events.split(batch)) {
      // No timer fires while the machine sleeps.
      if (actor.end() !== undefined) return;
      // A reader that resumed within a baseline would miss the rest of it.
      const isWhole = part.type === "changes" || part.last;
      if (isWhole) write ??= tokens.begin(part.position, { ...actor, context });
      yield events.write(part, isWhole ? write?.(part.position) : undefined);
    }
  }
}

/**
 * Returns the signal of a client that is gone, for adapters that do not cancel
 * the body. `Deno.serve` does, and warns about reading the signal.
 */
export function disconnectSignal(
  request: Request,
  userAgent: string = globalThis.navigator?.userAgent ?? "",
): AbortSignal | undefined {
  return userAgent.startsWith("Deno/") ? undefined : request.signal;
}
