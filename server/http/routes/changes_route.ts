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

/** `GET /v1/changes`: streams events, or answers with JSON once. */
export async function changes(ask: Ask): Promise<Response> {
  const { service: { server, tokens }, request, actor } = ask;
  const query = new Query(ask, "read changes");
  const context = query.requiredKey("context");
  const cursor = query.text("since");
  assertCanRead(ask, context);
  const placeOf = (token: string) =>
    tokens.read(token, positionOf(server), { ...actor, context });
  const place = cursor === undefined ? undefined : placeOf(cursor);
  if (cursor !== undefined && place === undefined) {
    throw query.invalid("since", "must be a cursor of this service");
  }
  if (wantsJson(request)) {
    if (place === undefined) throw query.invalid("since", "is missing");
    return await changesNow(ask, context, place);
  }
  // The header of a browser that reconnects is newer than the page's URL. An
  // error would not help the browser: a faulty header gets a baseline.
  const lastEventId = request.headers.get("last-event-id");
  const resume = lastEventId === null ? place : placeOf(lastEventId);
  const since = resume === "elsewhere" ? undefined : resume;
  return changesStream(ask, context, since);
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
    "Cannot read changes: they are no longer retained, or since belongs to another run of the server, another context or other rights",
    {
      errors: [{
        field: "since",
        message: "is not a position in these changes",
      }],
      extensions: { gap: { retainedFloorSequence, last: positionOf(server) } },
    },
  );
}

/** Reports whether a request accepts JSON and no stream. */
function wantsJson(request: Request): boolean {
  const types = (request.headers.get("accept") ?? "").toLowerCase().split(",")
    .map((range) => range.split(";")[0]?.trim());
  return types.includes("application/json") &&
    !types.includes("text/event-stream");
}
