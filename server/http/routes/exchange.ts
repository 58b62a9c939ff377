import type { PresenceUpdate } from "../../../core/mod.ts";
import type { CursorPosition } from "../../../store/mod.ts";
import type { Actor } from "../identity.ts";
import type { Holders } from "../holders.ts";
import type { HttpLimits, TtlBounds } from "../limits.ts";
import { fieldProblem, HttpProblem, JSON_HEADERS } from "../wire/problem.ts";
import type { EventWriter } from "./event_writer.ts";
import type { GoodbyeTickets } from "./goodbye_ticket.ts";
import type { PositionTokens } from "./position_token.ts";
import type { Quotas } from "../quotas.ts";
import type { ServedPresence } from "../served.ts";
import type { KeySchema, UpdateSchema } from "../wire/update_schema.ts";

/** The state that all requests to a handler share. */
export interface Service {
  readonly server: ServedPresence;
  readonly limits: HttpLimits;
  readonly ttlMs: TtlBounds;
  readonly keepAliveMs: number;
  readonly quotas: Quotas;
  readonly holders: Holders;
  readonly tokens: PositionTokens;
  readonly goodbyes: GoodbyeTickets;
  readonly events: EventWriter;
  readonly schema: UpdateSchema;
  readonly keySchema: KeySchema;
  readonly checkUpdate: ((update: PresenceUpdate) => void) | undefined;
  report(error: unknown, request: Request): void;
}

/** A request of anybody, and the service that answers it. */
export interface OpenAsk {
  readonly service: Service;
  readonly request: Request;
  readonly url: URL;
}

/** A request, its author and the service that answers it. */
export interface Ask extends OpenAsk {
  readonly actor: Actor;
}

/** Creates a response that is JSON. */
export function json(value: object): Response {
  return new Response(JSON.stringify(value), { headers: JSON_HEADERS });
}

/** Creates an answer that also has the position of the server. */
export function answer<A extends CursorPosition>(
  { service: { server } }: OpenAsk,
  body: Omit<A, keyof CursorPosition>,
): Response {
  return json({ ...body, ...positionOf(server) });
}

/** Returns the position of a server in its changes. */
export function positionOf({ store }: ServedPresence): CursorPosition {
  return { epoch: store.epoch, sequence: store.lastSequence };
}

/**
 * Checks that a server can still answer.
 *
 * @throws {HttpProblem} If it is closed.
 */
export function assertOpen({ closed }: Pick<ServedPresence, "closed">): void {
  if (!closed) return;
  throw new HttpProblem("closed", "Cannot answer: the server is closed");
}

/**
 * Checks that the rights of an actor have not ended. Call it again after each
 * wait: rights can be revoked meanwhile, or expire.
 *
 * @throws {HttpProblem} If the rights have ended.
 */
export function assertStillIn(actor: Actor): void {
  const end = actor.end();
  if (end === "revoked") throw unauthorized("the rights have been revoked");
  if (end === "expired") throw unauthorized("the rights have expired");
}

/**
 * Loads a context from the other servers of a cluster.
 *
 * @returns `true` if that is impossible now, otherwise `undefined`.
 * @throws {HttpProblem} If the rights of the actor have ended meanwhile.
 */
export async function isIncomplete(
  { service, actor }: Ask,
  context: string,
): Promise<true | undefined> {
  const isWhole = await service.server.follow(context);
  assertStillIn(actor);
  return isWhole ? undefined : true;
}

/**
 * Creates the problem of a client without an identity, or of one that is refused
 * for a reason.
 */
export function unauthorized(reason?: string): HttpProblem {
  // By RFC 6750, a client that has sent no token gets no error code.
  const fields = reason === undefined
    ? {}
    : { error: "invalid_token", error_description: reason };
  const parameters = Object.entries({ realm: "presence", ...fields })
    // The header can't have other characters.
    .map(([name, text]) =>
      `${name}="${text.replaceAll(/[^ -~]|["\\]/g, "?")}"`
    );
  return new HttpProblem(
    "unauthorized",
    `Cannot answer: ${reason ?? "the request has no known identity"}`,
    { headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` } },
  );
}

/**
 * Checks that an actor may read a context.
 *
 * @throws {HttpProblem} If not.
 */
export function assertCanRead({ actor }: Ask, context: string): void {
  if (!actor.canRead(context)) throw notAllowed("read", context, "context");
}

/**
 * Checks that an actor may write to a context, which a field names.
 *
 * @throws {HttpProblem} If not.
 */
export function assertCanWrite(
  actor: Actor,
  context: string,
  field: string,
): void {
  if (!actor.canWrite(context)) throw notAllowed("write to", context, field);
}

function notAllowed(verb: string, context: string, field: string): HttpProblem {
  const detail = `Cannot ${verb} context ${JSON.stringify(context)}: it`;
  return fieldProblem("forbidden", detail, field, "is not allowed");
}
