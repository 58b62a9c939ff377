import { HttpProblem } from "../wire/problem.ts";
import type { ChangesAnswer } from "../wire/wire.ts";
import { changesStream } from "./changes_stream.ts";
import { changesFrom } from "./event_writer.ts";
import {
  answer,
  type Ask,
  assertCanRead,
  isIncomplete,
  positionOf,
} from "./exchange.ts";
import type { Place } from "./position_token.ts";
import { Query } from "./query.ts";

/** `GET /v1/changes`: a stream of events, or, for JSON, what there is by now. */
export async function changes(ask: Ask): Promise<Response> {
  const { service: { server, tokens }, request, actor } = ask;
  const query = new Query(ask, "read changes");
  const context = query.requiredKey("context");
  const since = query.text("since");
  assertCanRead(ask, context);
  const placeOf = (token: string) =>
    tokens.read(token, positionOf(server), { ...actor, context });
  const place = since === undefined ? undefined : placeOf(since);
  if (since !== undefined && place === undefined) {
    throw query.invalid("since", "must be a cursor that was given by us");
  }
  if (wantsJson(request)) {
    if (place === undefined) throw query.invalid("since", "is missing");
    return await changesNow(ask, context, place);
  }
  // What a browser sends when it comes back is newer than what the page's
  // URL says. It can't be helped by an error: what is wrong gets a baseline.
  const lastEventId = request.headers.get("last-event-id");
  const resume = lastEventId === null ? place : placeOf(lastEventId);
  return changesStream(
    ask,
    context,
    resume === "elsewhere" ? undefined : resume,
  );
}

async function changesNow(
  ask: Ask,
  context: string,
  place: Place | "elsewhere",
): Promise<Response> {
  const incomplete = await isIncomplete(ask, context);
  const { service: { server, limits }, actor: { visible } } = ask;
  if (place !== "elsewhere") {
    const result = server.changesSince(place.position, { context, visible });
    if (result.type === "changes") {
      const { changes, position } = changesFrom(result, 0, limits.changes);
      return answer<ChangesAnswer>(ask, {
        changes,
        incomplete,
        cursor: place.write(position),
        more: changes.length < result.changes.length || undefined,
      });
    }
  }
  const { retainedFloorSequence } = server.store;
  throw new HttpProblem(
    "gap",
    "Cannot read changes: they are no longer there, or since is of another life of the server, another context or other rights",
    {
      errors: [{ field: "since", message: "is not a place in these changes" }],
      extensions: { gap: { retainedFloorSequence, last: positionOf(server) } },
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
