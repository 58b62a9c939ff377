import type { PresenceUpdate } from "../../../core/mod.ts";
import type { CursorPosition } from "../../../store/mod.ts";
import type { Actor } from "../identity.ts";
import type { Holders } from "../holders.ts";
import type { HttpLimits, TtlBounds } from "../limits.ts";
import { HttpProblem } from "../wire/problem.ts";
import type { EventWriter } from "./event_writer.ts";
import type { PositionTokens } from "./position_token.ts";
import type { Quotas } from "../quotas.ts";
import type { ServedPresence } from "../served.ts";
import type { UpdateSchema } from "../wire/update_schema.ts";

/** What all requests to a handler share. */
export interface Service {
  readonly server: ServedPresence;
  readonly limits: HttpLimits;
  readonly ttlMs: TtlBounds;
  readonly keepAliveMs: number;
  readonly quotas: Quotas;
  readonly holders: Holders;
  readonly tokens: PositionTokens;
  readonly events: EventWriter;
  readonly schema: UpdateSchema;
  readonly checkUpdate: ((update: PresenceUpdate) => void) | undefined;
  report(error: unknown, request: Request): void;
}

/** A request that somebody makes. */
export interface Ask {
  readonly service: Service;
  readonly request: Request;
  readonly url: URL;
  readonly actor: Actor;
}

const JSON_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-type": "application/json",
  "x-content-type-options": "nosniff",
};

/** A response that is JSON. */
export function json(value: object): Response {
  return new Response(JSON.stringify(value), { headers: JSON_HEADERS });
}

/** An answer, to which it adds where the server stands. */
export function answer<A extends CursorPosition>(
  { service: { server } }: Ask,
  body: Omit<A, keyof CursorPosition>,
): Response {
  return json({ ...body, ...positionOf(server) });
}

/** Where a server stands in its changes. */
export function positionOf({ store }: ServedPresence): CursorPosition {
  return { epoch: store.epoch, sequence: store.lastSequence };
}

/**
 * Lets an actor go on whose rights still stand. To be asked again after each
 * wait: rights can be taken away meanwhile, or end by themselves.
 *
 * @throws {HttpProblem} If they stand no more.
 */
export function assertStillIn(actor: Actor): void {
  const end = actor.end();
  if (end === "revoked") throw unauthorized("the rights have been taken away");
  if (end === "expired") throw unauthorized("the rights have expired");
}

/**
 * Has a context be known whole, also what is at other servers; `true` if that
 * can't be now.
 *
 * @throws {HttpProblem} If the rights stand no more.
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
 * The problem of somebody who has not said who they are, or, for a reason, is
 * not let in by what they said.
 */
export function unauthorized(reason?: string): HttpProblem {
  // RFC 6750 tells nothing of errors to whom has not sent a token at all.
  const fields = reason === undefined
    ? {}
    : { error: "invalid_token", error_description: reason };
  const parameters = Object.entries({ realm: "presence", ...fields })
    // There is no way to write other characters.
    .map(([name, text]) =>
      `${name}="${text.replaceAll(/[^ -~]|["\\]/g, "?")}"`
    );
  return new HttpProblem(
    "unauthorized",
    `Cannot answer: ${reason ?? "it is not known who is asking"}`,
    { headers: { "www-authenticate": `Bearer ${parameters.join(", ")}` } },
  );
}

/**
 * Lets an actor read a context.
 *
 * @throws {HttpProblem} If they may not.
 */
export function assertCanRead({ actor }: Ask, context: string): void {
  if (actor.canRead(context)) return;
  throw forbidden("read", "context", context);
}

/**
 * Lets an actor write to a context.
 *
 * @throws {HttpProblem} If they may not.
 */
export function assertCanWrite(
  actor: Actor,
  context: string,
  field: string,
): void {
  if (actor.canWrite(context)) return;
  throw forbidden("write to", field, context);
}

/** The problem of somebody who says that they are somebody else. */
export function notYours(field: string, value: string): HttpProblem {
  return new HttpProblem(
    "forbidden",
    `Cannot act for another: ${field} ${JSON.stringify(value)} is not yours`,
    { errors: [{ field, message: "is not yours" }] },
  );
}

function forbidden(verb: string, field: string, context: string): HttpProblem {
  return new HttpProblem(
    "forbidden",
    `Cannot ${verb} context ${JSON.stringify(context)}: it is not allowed`,
    { errors: [{ field, message: "is not allowed" }] },
  );
}
