import {
  answer,
  type Ask,
  assertCanRead,
  assertStillIn,
  isIncomplete,
} from "./exchange.ts";
import { changesStream } from "./changes_stream.ts";
import { changesFrom } from "./event_writer.ts";
import type { Place } from "./position_token.ts";
import { HttpProblem } from "../wire/problem.ts";
import { Query } from "./query.ts";
import type { ChangesAnswer } from "../wire/wire.ts";

/** `GET /v1/changes`: a stream of events, or, for JSON, what there is by now. */
export async function changes(ask: Ask): Promise<Response> {
  const { service, request, url, actor } = ask;
  const query = new Query(url, "read changes", service.limits.keyLength);
  const context = query.requiredKey("context");
  const since = query.text("since");
  assertCanRead(ask, context);
  const { epoch, lastSequence: sequence } = service.server.store;
  const last = { epoch, sequence };
  const { account, viewer } = actor;
  const holder = { account, context, viewer };
  const place = since === undefined
    ? undefined
    : await service.tokens.read(since, last, holder);
  if (since !== undefined && place === undefined) {
    throw query.invalid("since", "must be a cursor that was given by us");
  }
  if (wantsJson(request)) {
    if (place === undefined) throw query.invalid("since", "is missing");
    const incomplete = await isIncomplete(ask, context);
    return changesNow(ask, context, place, incomplete);
  }
  // What a browser sends when it comes back is newer than what the page's
  // URL says. It can't be helped by an error: what is wrong gets a baseline.
  const lastEventId = request.headers.get("last-event-id");
  const resume = lastEventId === null
    ? place
    : await service.tokens.read(lastEventId, last, holder);
  assertStillIn(actor);
  return changesStream(
    ask,
    context,
    resume === "elsewhere" ? undefined : resume,
  );
}

function changesNow(
  { service: { server, limits }, actor: { visible } }: Ask,
  context: string,
  place: Place | "elsewhere",
  incomplete: true | undefined,
): Response {
  const result = place === "elsewhere"
    ? undefined
    : server.changesSince(place.position, { context, visible });
  const { store } = server;
  const { epoch, lastSequence: sequence, retainedFloorSequence } = store;
  if (place !== "elsewhere" && result?.type === "changes") {
    const { changes, position } = changesFrom(result, 0, limits.changes);
    const isCut = changes.length < result.changes.length;
    return answer(
      {
        changes,
        incomplete,
        cursor: place.writer.write(position),
        more: isCut ? true : undefined,
        sequence,
        epoch,
      } satisfies { [Name in keyof ChangesAnswer]: unknown },
    );
  }
  throw new HttpProblem(
    "gap",
    "Cannot read changes: they are no longer there, or since is of another life of the server, another context or other rights",
    {
      errors: [{ field: "since", message: "is not a place in these changes" }],
      extensions: {
        gap: { retainedFloorSequence, last: { epoch, sequence } },
      },
    },
  );
}

/** Whoever does not ask for JSON, and for it alone, gets the stream. */
function wantsJson(request: Request): boolean {
  const types = (request.headers.get("accept") ?? "").toLowerCase().split(",")
    .map((range) => range.split(";")[0]?.trim());
  return types.includes("application/json") &&
    !types.includes("text/event-stream");
}
