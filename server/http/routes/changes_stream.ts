import { callAt, startWatch } from "../../internal.ts";
import type { Watch } from "../../mod.ts";
import type { Ask } from "./exchange.ts";
import type { Place } from "./position_token.ts";

/** After how long a browser comes back when the stream has ended. */
const OPENING = new TextEncoder().encode("retry: 1000\n\n");

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
 * The events of a stream. From the first that is asked for until the end it has
 * its place among the open ones. It ends without an error when the client or
 * its rights are gone, or when nobody reads: a reader that goes on reconnects.
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
    // Others may have taken the last place since the response was made.
    if (!quotas.hasStream(actor.account)) return;
    const close = quotas.openStream(actor.account);
    const { expiresAt = Infinity } = actor;
    const expiry = callAt(expiresAt, () => server.now, end);
    // At once, whatever the reader does: another may want the place.
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
  const { viewer } = actor;
  let write = since?.write;
  yield OPENING;
  const batches = server.watch({
    context,
    viewer,
    signal,
    since: since?.position,
    keepAliveMs,
  });
  for await (const batch of batches) {
    for (const part of events.split(batch)) {
      // While the machine has slept no timer has told of the end.
      if (actor.end() !== undefined) return;
      // Who resumed in the middle of a baseline would miss the rest of it.
      const isWhole = part.type === "changes" || part.last;
      if (isWhole) write ??= tokens.begin(part.position, { ...actor, context });
      yield events.write(part, isWhole ? write?.(part.position) : undefined);
    }
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
