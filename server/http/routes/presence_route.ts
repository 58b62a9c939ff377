import type { Key, PresenceSnapshot } from "../../../core/mod.ts";
import {
  answer,
  type Ask,
  assertCanRead,
  assertCanWrite,
  assertStillIn,
  isIncomplete,
} from "./exchange.ts";
import { DEFAULT_ORIGIN, stampKey } from "./publish_route.ts";
import { summarize } from "../../../store/mod.ts";
import { Query } from "./query.ts";
import { summariesJson } from "../wire/summary_json.ts";
import type {
  ContextAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WithdrawAnswer,
} from "../wire/wire.ts";

/** `GET /v1/presence`: who is in a context, whether somebody is, or where. */
export function presence(ask: Ask): Promise<Response> {
  const query = queryOf(ask, "read presence");
  const context = query.key("context");
  const subject = query.key("subject");
  if (context !== undefined) {
    assertCanRead(ask, context);
    return subject === undefined
      ? inContext(ask, query, context)
      : ofSubject(ask, query, subject, context);
  }
  if (subject !== undefined) return whereabouts(ask, query, subject);
  throw query.invalid("context", "is missing, and so is subject");
}

async function inContext(
  ask: Ask,
  query: Query,
  context: string,
): Promise<Response> {
  const { service, actor } = ask;
  const limit = Math.min(query.count("limit") ?? Infinity, service.limits.page);
  const after = query.key("after");
  const withResources = query.flag("resources");
  const incomplete = await isIncomplete(ask, context);
  const { store } = service.server;
  const { account, visible, viewer } = actor;
  const page = store.summaryPage(context, { limit, after, visible });
  const summaries = summariesJson(store, page.summaries, {
    withResources,
    maxResources: service.limits.page,
  });
  const { epoch, lastSequence: sequence } = store;
  const json: ContextAnswer = {
    context,
    summaries,
    incomplete,
    sequence,
    epoch,
    next: summaries.length < page.summaries.length
      ? summaries.at(-1)?.subject
      : page.next,
  };
  // Changes to the pages before are not after the position of a later one.
  if (after !== undefined) return answer(json);
  const { subjects: count } = store.count(context, { visible });
  const position = { epoch, sequence };
  const holder = { account, context, viewer };
  const writer = await service.tokens.begin(position, holder);
  assertStillIn(actor);
  return answer(
    { ...json, count, cursor: writer.write(position) } satisfies ContextAnswer,
  );
}

async function ofSubject(
  ask: Ask,
  query: Query,
  subject: string,
  context: string,
): Promise<Response> {
  const { service, actor } = ask;
  const withResources = query.flag("resources");
  const incomplete = await isIncomplete(ask, context);
  const { server } = service;
  const { store } = server;
  const { visible, viewer } = actor;
  const summary = store.subjectSummary(subject, context, { visible });
  const [json] = summariesJson(store, summary ? [summary] : [], {
    withResources,
    maxResources: service.limits.page,
  });
  const { epoch, lastSequence: sequence } = store;
  return answer(
    {
      subject,
      context,
      summary: json ?? null,
      lastSeen: json?.lastSeen ?? server.lastSeen(subject, context, viewer),
      incomplete,
      sequence,
      epoch,
    } satisfies SubjectAnswer,
  );
}

async function whereabouts(
  ask: Ask,
  query: Query,
  subject: string,
): Promise<Response> {
  const { service, actor } = ask;
  const withResources = query.flag("resources");
  const { server, limits: { page } } = service;
  const { snapshots, isComplete } = await server.locate(subject);
  assertStillIn(actor);
  const byContext = new Map<Key, PresenceSnapshot[]>();
  for (const snapshot of snapshots) {
    const { context, visibility } = snapshot;
    if (!actor.canRead(context)) continue;
    if (actor.visible?.(visibility, subject) === false) continue;
    const run = byContext.get(context);
    if (run === undefined) byContext.set(context, [snapshot]);
    else run.push(snapshot);
  }
  const all = [...byContext.values()].map((run) => summarize(run))
    .filter((summary) => summary !== undefined);
  const { store } = server;
  const summaries = summariesJson(store, all.slice(0, page), {
    withResources,
    maxResources: page,
  });
  const more = summaries.length < all.length ? true : undefined;
  const incomplete = isComplete ? undefined : true;
  const { epoch, lastSequence: sequence } = store;
  return answer(
    {
      subject,
      summaries,
      more,
      incomplete,
      sequence,
      epoch,
    } satisfies WhereaboutsAnswer,
  );
}

/** `DELETE /v1/presence`: takes away what is the actor's own. */
export async function withdraw(ask: Ask): Promise<Response> {
  const query = queryOf(ask, "withdraw presence");
  const { actor, service: { server } } = ask;
  const context = query.requiredKey("context");
  const subject = stampKey(query.key("subject"), actor.subject, "subject");
  const origin = stampKey(query.key("origin"), actor.origin, "origin") ??
    DEFAULT_ORIGIN;
  const resource = query.key("resource");
  const all = query.flag("all");
  if (all && resource !== undefined) {
    throw query.invalid("resource", "can't be given with all=true");
  }
  assertCanWrite(actor, context, "context");
  if (subject === undefined) throw query.invalid("subject", "is missing");
  // It may have been published at another server.
  const incomplete = await isIncomplete(ask, context);
  let withdrawn = 0;
  if (all) {
    const own = server.store.snapshots({ context, subject, origin });
    for (const snapshot of own) server.withdraw(snapshot);
    withdrawn = own.length;
  } else {
    const key = { subject, context, resource, origin };
    if (server.withdraw(key) !== undefined) withdrawn = 1;
  }
  const { epoch, lastSequence: sequence } = server.store;
  return answer(
    { withdrawn, incomplete, sequence, epoch } satisfies WithdrawAnswer,
  );
}

function queryOf({ url, service }: Ask, action: string): Query {
  return new Query(url, action, service.limits.keyLength);
}
