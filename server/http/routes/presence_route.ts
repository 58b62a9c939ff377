import type { Key } from "../../../core/mod.ts";
import { type SubjectSummary, summarize } from "../../../store/mod.ts";
import { groupBy } from "../../internal.ts";
import type { ServedStore } from "../served.ts";
import type {
  SubjectAnswer,
  WhereaboutsAnswer,
  WireSummary,
  WithdrawAnswer,
} from "../wire/wire.ts";
import { contextAnswer, type SummaryPart } from "./context_answer.ts";
import { readText, TEXT_TYPE } from "./body.ts";
import {
  answer,
  type Ask,
  assertCanRead,
  assertCanWrite,
  assertStillIn,
  isIncomplete,
  type OpenAsk,
  positionOf,
} from "./exchange.ts";
import { DEFAULT_ORIGIN, stampKey } from "./publish_route.ts";
import { Query } from "./query.ts";

/** How many summaries are written at once. */
const PART = 1_000;

/** `GET /v1/presence`: lists a context, or finds a subject in it or anywhere. */
export function presence(ask: Ask): Promise<Response> {
  const query = new Query(ask, "read presence");
  const context = query.key("context");
  const subject = query.key("subject");
  const { page } = ask.service.limits;
  const maxResources = query.flag("resources") ? page : undefined;
  if (context !== undefined) {
    assertCanRead(ask, context);
    return subject === undefined
      ? inContext(ask, context, query.page(), maxResources)
      : ofSubject(ask, subject, context, maxResources);
  }
  if (subject !== undefined) return whereabouts(ask, subject, maxResources);
  throw query.invalid("context", "is missing, and so is subject");
}

async function inContext(
  ask: Ask,
  context: string,
  { limit, after }: ReturnType<Query["page"]>,
  maxResources: number | undefined,
): Promise<Response> {
  const incomplete = await isIncomplete(ask, context);
  const { service: { server, tokens }, actor } = ask;
  const { visible } = actor;
  const parts = partsOf(ask, context, limit, after, maxResources);
  const position = positionOf(server);
  const body = { context, incomplete, ...position };
  // A later page has no cursor: a watch from it would miss changes to pages
  // before.
  if (after !== undefined) return contextAnswer(ask, body, parts);
  const { subjects: count } = server.store.count(context, { visible });
  const cursor = tokens.begin(position, { ...actor, context })(position);
  return contextAnswer(ask, { ...body, count, cursor }, parts);
}

/**
 * Reads the summaries of a page in parts. What changes between two parts comes
 * after the cursor of the answer, like what changes between two pages.
 */
function* partsOf(
  { service: { server: { store } }, actor: { visible } }: Ask,
  context: string,
  limit: number,
  first: Key | undefined,
  maxResources: number | undefined,
): Generator<SummaryPart, void> {
  let after = first;
  let left = limit;
  let room = maxResources;
  while (true) {
    const partLimit = Math.min(left, PART);
    const page = store
      .summaryPage(context, { limit: partLimit, after, visible });
    const summaries = summariesJson(store, page.summaries, room);
    left -= summaries.length;
    for (const { resources = [] } of summaries) {
      if (room !== undefined) room -= resources.length;
    }
    const isCut = summaries.length < page.summaries.length;
    after = isCut ? summaries.at(-1)?.subject : page.next;
    const last = after === undefined || isCut || left === 0 || room === 0;
    yield { summaries, last, next: after };
    if (last) return;
  }
}

async function ofSubject(
  ask: Ask,
  subject: string,
  context: string,
  maxResources: number | undefined,
): Promise<Response> {
  const incomplete = await isIncomplete(ask, context);
  const { service: { server }, actor: { visible, viewer } } = ask;
  const { store } = server;
  const found = store.subjectSummary(subject, context, { visible });
  const summaries = found ? [found] : [];
  const [summary = null] = summariesJson(store, summaries, maxResources);
  const lastSeen = summary?.lastSeen ??
    server.lastSeen(subject, context, viewer);
  const body = { subject, context, summary, lastSeen, incomplete };
  return answer<SubjectAnswer>(ask, body);
}

async function whereabouts(
  ask: Ask,
  subject: string,
  maxResources: number | undefined,
): Promise<Response> {
  const { service: { server, limits }, actor } = ask;
  const { snapshots, isComplete } = await server.locate(subject);
  assertStillIn(actor);
  const visible = snapshots.filter(({ context, visibility }) =>
    actor.canRead(context) && actor.visible?.(visibility, subject) !== false
  );
  const all = [...groupBy(visible, ({ context }) => context).values()]
    .map((run) => summarize(run))
    .filter((summary) => summary !== undefined);
  const page = all.slice(0, limits.page);
  const summaries = summariesJson(server.store, page, maxResources);
  return answer<WhereaboutsAnswer>(ask, {
    subject,
    summaries,
    more: summaries.length < all.length || undefined,
    incomplete: !isComplete || undefined,
  });
}

/** `DELETE /v1/presence`: withdraws entries of the actor. */
export async function withdraw(ask: Ask): Promise<Response> {
  const query = new Query(ask, "withdraw presence");
  const { actor, service: { server } } = ask;
  const context = query.requiredKey("context");
  const subject = stampKey(query.key("subject"), actor.subject, "subject");
  const origin = stampKey(query.key("origin"), actor.origin, "origin") ??
    DEFAULT_ORIGIN;
  const resource = query.key("resource");
  const all = query.flag("all");
  if (all && resource !== undefined) {
    throw query.invalid("resource", "must not be given with all=true");
  }
  assertCanWrite(actor, context, "context");
  if (subject === undefined) throw query.invalid("subject", "is missing");
  // An entry may have been published at another server.
  const incomplete = await isIncomplete(ask, context);
  const own = all
    ? server.store.snapshots({ context, subject, origin })
    : [{ subject, context, resource, origin }];
  const withdrawn = own
    .filter((key) => server.withdraw(key) !== undefined).length;
  return answer<WithdrawAnswer>(ask, { withdrawn, incomplete });
}

/** The most that a browser sends by `sendBeacon()`. */
const BEACON_BYTES = 65_536;

/**
 * `POST /v1/goodbye`: withdraws the entries of a ticket that have not changed
 * since.
 */
export async function goodbye(ask: OpenAsk): Promise<Response> {
  const { service: { server, limits, goodbyes, quotas }, request } = ask;
  const maxBytes = Math.min(limits.bodyBytes, BEACON_BYTES);
  const text = await readText(request, maxBytes, [TEXT_TYPE]);
  const ticket = goodbyes.read(text, server.now);
  quotas.countRequest(ticket.account, server.steadyNow);
  const contexts = new Set(ticket.entries.map(({ context }) => context));
  const loaded = await Promise.all(
    [...contexts].map((context) => server.follow(context)),
  );
  const entries = goodbyes.use(ticket, server.now) ? ticket.entries : [];
  const withdrawn =
    entries.filter((entry) =>
      server.store.snapshot(entry)?.observedAt === entry.observedAt &&
      server.withdraw(entry) !== undefined
    ).length;
  const incomplete = loaded.includes(false) || undefined;
  return answer<WithdrawAnswer>(ask, { withdrawn, incomplete });
}

/**
 * Converts summaries to their wire format, with a largest number of resources:
 * it may cut those of the last summary, and omit the summaries after that.
 * Without a number it omits all resources. O(entries).
 */
function summariesJson(
  store: ServedStore,
  summaries: readonly SubjectSummary[],
  maxResources: number | undefined,
): WireSummary[] {
  if (maxResources === undefined) {
    return summaries.map((summary) => summaryJson(store, summary));
  }
  const written: WireSummary[] = [];
  let room = maxResources;
  for (const summary of summaries) {
    if (room === 0) break;
    const resources = summary.snapshots.slice(0, room);
    written.push({ ...summaryJson(store, summary), resources });
    room -= resources.length;
  }
  return written;
}

function summaryJson(
  store: ServedStore,
  { dominant, snapshots, ...summary }: SubjectSummary,
): WireSummary {
  let lastSeen = summary.lastSeen ?? summary.observedAt;
  for (const snapshot of snapshots) {
    const seenAt = store.liveness(snapshot)?.seenAt ?? lastSeen;
    lastSeen = Math.max(lastSeen, seenAt);
  }
  const { resource, origin, facets } = dominant;
  return { ...summary, resource, origin, facets, lastSeen };
}
