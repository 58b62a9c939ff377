import * as v from "valibot";
import {
  InvalidValueError,
  type PresenceUpdate,
  type Timestamp,
} from "../../../core/mod.ts";
import { assertCapacity } from "../capacity.ts";
import type { Actor } from "../identity.ts";
import type { TtlBounds } from "../limits.ts";
import { invalid } from "../wire/problem.ts";
import { checked, type ReadUpdate } from "../wire/update_schema.ts";
import type { GrantedTtls, PublishAnswer } from "../wire/wire.ts";
import { JSON_TYPE, LINES_TYPE, readJson } from "./body.ts";
import {
  answer,
  type Ask,
  assertCanWrite,
  assertStillIn,
  notYours,
} from "./exchange.ts";

const ACTION = "publish update";

/** The origin of those who are known to be none and say nothing of one. */
export const DEFAULT_ORIGIN = "http";

/** `POST /v1/updates`: takes all updates of the body, or none. */
export async function publish(ask: Ask): Promise<Response> {
  const { service, request, actor } = ask;
  const { server, limits, schema } = service;
  const body = await readJson(request, limits.bodyBytes, [
    JSON_TYPE,
    LINES_TYPE,
  ]);
  const isList = Array.isArray(body);
  if (isList && body.length > limits.updates) {
    const message = `has more than ${limits.updates} updates`;
    throw invalid(ACTION, { field: "body", message });
  }
  const read = isList
    ? checked(ACTION, v.array(schema), body, "body")
    : [checked(ACTION, schema, body, "update")];
  // An update changes what there is, perhaps at another server.
  const contexts = new Set(read.map(({ context }) => context));
  await Promise.all(
    [...contexts].filter((context) => actor.canWrite(context))
      .map((context) => server.follow(context)),
  );
  // All that follows is done at once: nobody comes between check and effect.
  assertStillIn(actor);
  const { now } = server;
  const prefixOf = (index: number) => isList ? `[${index}].` : "";
  const granted = read.map((update) =>
    grantOf(update, actor, now, service.ttlMs)
  );
  const updates = read.map((update, index) => {
    const ttls = granted[index];
    const prefix = prefixOf(index);
    const stamped = stamp({ ...update, ...ttls }, actor, now, prefix);
    applyOwnRules(ask, stamped, prefix);
    return stamped;
  });
  assertCapacity(server.store, actor, updates, limits, prefixOf);
  // The application's own code has run meanwhile.
  assertStillIn(actor);
  const sequences = server.receiveAll(updates);
  service.holders.add(actor, updates);
  return answer<PublishAnswer>(ask, { sequences, granted });
}

/** What is granted of the times to live that an update asks for. */
function grantOf(
  { ttlMs, facetTtlsMs }: ReadUpdate,
  { expiresAt = Infinity }: Actor,
  now: Timestamp,
  { min, max }: TtlBounds,
): GrantedTtls {
  // Nothing outlasts the right to say it.
  const grant = (ttlMs: number) =>
    Math.min(Math.max(ttlMs, min), max, expiresAt - now);
  return {
    ttlMs: grant(ttlMs),
    facetTtlsMs: facetTtlsMs && mapTtls(facetTtlsMs, grant),
  };
}

function mapTtls(
  ttls: Readonly<Record<string, number>>,
  change: (ttlMs: number) => number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(ttls).map(([name, ttlMs]) => [name, change(ttlMs)]),
  );
}

/** Makes an update of what was read: who it is from and when, we say. */
function stamp(
  read: ReadUpdate,
  actor: Actor,
  now: Timestamp,
  prefix: string,
): PresenceUpdate {
  const { context, visibility, facets } = read;
  const field = `${prefix}subject`;
  const subject = stampKey(read.subject, actor.subject, field);
  if (subject === undefined) {
    throw invalid(ACTION, { field, message: "is missing" });
  }
  const origin = stampKey(read.origin, actor.origin, `${prefix}origin`) ??
    DEFAULT_ORIGIN;
  assertCanWrite(actor, context, `${prefix}context`);
  return {
    subject,
    context,
    resource: read.resource ?? undefined,
    origin,
    visibility,
    observedAt: now,
    expiry: now + read.ttlMs,
    facets,
    facetDeadlines: read.facetTtlsMs &&
      mapTtls(read.facetTtlsMs, (ttlMs) => now + ttlMs),
  };
}

/** What somebody is goes before what they say they are. */
export function stampKey(
  said: string | undefined,
  known: string | undefined,
  field: string,
): string | undefined {
  if (known === undefined || said === undefined) return known ?? said;
  if (said !== known) throw notYours(field, said);
  return known;
}

function applyOwnRules(
  { service }: Ask,
  update: PresenceUpdate,
  prefix: string,
): void {
  let result: unknown;
  try {
    result = service.checkUpdate?.(update);
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    const { field, message } = error;
    throw invalid(ACTION, { field: prefix + field, message });
  }
  if (!(result instanceof Promise)) return;
  // What it says comes too late; it must not end the process either.
  result.catch(() => {});
  throw new TypeError("Cannot publish update: checkUpdate is asynchronous");
}
