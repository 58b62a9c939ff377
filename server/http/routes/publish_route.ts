import * as v from "valibot";
import {
  InvalidValueError,
  type PresenceUpdate,
  type Timestamp,
} from "../../../core/mod.ts";
import { assertCapacity } from "../capacity.ts";
import type { Actor } from "../identity.ts";
import type { TtlBounds } from "../limits.ts";
import { fieldProblem, invalid } from "../wire/problem.ts";
import { checked, type ReadUpdate } from "../wire/update_schema.ts";
import type { GrantedTtls, PublishAnswer } from "../wire/wire.ts";
import { JSON_TYPE, LINES_TYPE, readJson } from "./body.ts";
import { answer, type Ask, assertCanWrite, assertStillIn } from "./exchange.ts";
import { Query } from "./query.ts";

const ACTION = "publish update";

/** The origin of publishers without an identity that name no origin. */
export const DEFAULT_ORIGIN = "http";

/** `POST /v1/updates`: publishes all updates of the body, or none. */
export async function publish(ask: Ask): Promise<Response> {
  const { service, request, actor } = ask;
  const { server, limits, schema } = service;
  const wantsTicket = new Query(ask, ACTION).flag("goodbye");
  const types = [JSON_TYPE, LINES_TYPE];
  const body = await readJson(request, limits.bodyBytes, types);
  const isList = Array.isArray(body);
  if (isList && body.length > limits.updates) {
    const message = `has more than ${limits.updates} updates`;
    throw invalid(ACTION, { field: "body", message });
  }
  const read = isList
    ? checked(ACTION, v.array(schema), body, "body")
    : [checked(ACTION, schema, body, "update")];
  // An update changes an entry that may have been published at another server.
  const contexts = new Set(read.map(({ context }) => context));
  await Promise.all(
    [...contexts].filter((context) => actor.canWrite(context))
      .map((context) => server.follow(context)),
  );
  // The rest is synchronous: nothing happens between a check and its effect.
  assertStillIn(actor);
  const { now } = server;
  const prefixOf = (index: number) => isList ? `[${index}].` : "";
  const granted = read.map((update) =>
    grantOf(update, actor, now, service.ttlMs)
  );
  const updates = read.map((update, index) => {
    const prefix = prefixOf(index);
    const bounded = { ...update, ...granted[index] };
    const stamped = stamp(bounded, actor, now, prefix);
    applyOwnRules(ask, stamped, prefix);
    return stamped;
  });
  assertCapacity(server.store, actor, updates, limits, prefixOf);
  // The application's own code may have revoked the identity.
  assertStillIn(actor);
  const sequences = server.receiveAll(updates);
  service.holders.add(actor, updates);
  const goodbye = wantsTicket ? ticketOf(ask, updates) : undefined;
  return answer<PublishAnswer>(ask, { sequences, granted, goodbye });
}

/** Returns a ticket for entries that have just been published. */
function ticketOf(
  { service: { server, goodbyes }, actor }: Ask,
  updates: readonly PresenceUpdate[],
): string {
  const snapshots = updates.map((update) => server.store.snapshot(update))
    .filter((snapshot) => snapshot !== undefined);
  // It is of no use after its entries.
  const ends = updates.map(({ expiry }) => expiry === "never" ? 0 : expiry);
  return goodbyes.write(snapshots, actor.account, Math.max(...ends));
}

/** Returns the times to live that an update is granted. */
function grantOf(
  { ttlMs, facetTtlsMs }: ReadUpdate,
  { expiresAt = Infinity }: Actor,
  now: Timestamp,
  { min, max }: TtlBounds,
): GrantedTtls {
  // No entry outlives the identity that published it.
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

/** Adds the author and the times, which the server decides, to an update. */
function stamp(
  read: ReadUpdate,
  actor: Actor,
  now: Timestamp,
  prefix: string,
): PresenceUpdate {
  const { context, visibility, facets, facetTtlsMs } = read;
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
    facetDeadlines: facetTtlsMs && mapTtls(facetTtlsMs, (ttl) => now + ttl),
  };
}

/**
 * Returns the key of the identity, or without one the key that the client named.
 *
 * @throws {HttpProblem} If the client named another one.
 */
export function stampKey(
  said: string | undefined,
  known: string | undefined,
  field: string,
): string | undefined {
  if (known === undefined || said === undefined || said === known) {
    return known ?? said;
  }
  const detail = `Cannot act for another: ${field} ${JSON.stringify(said)}`;
  throw fieldProblem("forbidden", detail, field, "is not yours");
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
  // Its result comes too late, and its rejection must not end the process.
  result.catch(() => {});
  throw new TypeError("Cannot publish update: checkUpdate is asynchronous");
}
