import {
  answer,
  type Ask,
  assertCanRead,
  assertCanWrite,
  assertStillIn,
} from "./exchange.ts";
import { DEFAULT_ORIGIN, stampKey } from "./publish_route.ts";
import { Query } from "./query.ts";
import { summariesJson } from "./summary_json.ts";
import type {
  ContextAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WithdrawAnswer,
} from "./wire.ts";

/** `GET /v1/presence`: who is in a context, whether somebody is, or where. */
export function presence(ask: Ask): Promise<Response> | Response {
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
  { service, actor }: Ask,
  query: Query,
  context: string,
): Promise<Response> {
  const limit = Math.min(query.count("limit") ?? Infinity, service.limits.page);
  const after = query.key("after");
  const withResources = query.flag("resources");
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

function ofSubject(
  { service, actor }: Ask,
  query: Query,
  subject: string,
  context: string,
): Response {
  const withResources = query.flag("resources");
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
      sequence,
      epoch,
    } satisfies SubjectAnswer,
  );
}

function whereabouts(
  { service, actor }: Ask,
  query: Query,
  subject: string,
): Response {
  const withResources = query.flag("resources");
  const { store } = service.server;
  const { epoch, lastSequence: sequence } = store;
  const all = store.subjectSummaries({ subject, visible: actor.visible })
    .filter(({ context }) => actor.canRead(context));
  const { page } = service.limits;
  const summaries = summariesJson(store, all.slice(0, page), {
    withResources,
    maxResources: page,
  });
  const more = summaries.length < all.length ? true : undefined;
  return answer(
    { subject, summaries, more, sequence, epoch } satisfies WhereaboutsAnswer,
  );
}

/** `DELETE /v1/presence`: takes away what is the actor's own. */
export function withdraw(ask: Ask): Response {
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
  return answer({ withdrawn, sequence, epoch } satisfies WithdrawAnswer);
}

function queryOf({ url, service }: Ask, action: string): Query {
  return new Query(url, action, service.limits.keyLength);
}
