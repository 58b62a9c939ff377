import * as v from "valibot";
import {
  activeDocumentJson,
  activeUserJson,
  documentContext,
  workspaceContext,
} from "../../documents/mod.ts";
import type { ServedDocuments } from "../served.ts";
import type {
  DocumentCountsAnswer,
  DocumentPresenceAnswer,
  WorkspaceDocumentsAnswer,
} from "../wire/document_wire.ts";
import { invalid } from "../wire/problem.ts";
import { checked } from "../wire/update_schema.ts";
import { JSON_TYPE, readJson } from "./body.ts";
import { type Ask, assertCanRead, assertStillIn, json } from "./exchange.ts";
import { Query } from "./query.ts";

/** `GET /v1/documents/{id}/presence`: lists the people in a document. */
export async function documentPresence(
  ask: Ask,
  documents: ServedDocuments,
  segment: string,
): Promise<Response> {
  const id = nameIn(segment, ask, "read document");
  assertCanRead(ask, documentContext(id));
  const asked = new Query(ask, "read document").page();
  const { users, isComplete } = await documents.activeUsers(id);
  assertStillIn(ask.actor);
  const { page, next } = cut(users, ({ userId }) => userId, asked);
  const body: DocumentPresenceAnswer = {
    document_id: id,
    active_users: page.map(activeUserJson),
    total_count: users.length,
    incomplete: !isComplete || undefined,
    timestamp: ask.service.server.now,
    next,
  };
  return json(body);
}

/** `GET /v1/workspaces/{id}/documents`: lists the documents that are in use. */
export async function workspaceDocuments(
  ask: Ask,
  documents: ServedDocuments,
  segment: string,
): Promise<Response> {
  const id = nameIn(segment, ask, "read workspace");
  assertCanRead(ask, workspaceContext(id));
  const asked = new Query(ask, "read workspace").page();
  const active = await documents.activeDocuments(id);
  assertStillIn(ask.actor);
  const readable = active.documents.filter(({ documentId }) =>
    ask.actor.canRead(documentContext(documentId))
  );
  const { page, next } = cut(readable, ({ documentId }) => documentId, asked);
  const body: WorkspaceDocumentsAnswer = {
    workspace_id: id,
    documents: page.map(activeDocumentJson),
    total_count: readable.length,
    incomplete: !active.isComplete || undefined,
    timestamp: ask.service.server.now,
    next,
  };
  return json(body);
}

/** `POST /v1/documents/counts`: counts the people in each of some documents. */
export async function documentCounts(
  { service: { keySchema, limits, server }, request, actor }: Ask,
  documents: ServedDocuments,
): Promise<Response> {
  const body = await readJson(request, limits.bodyBytes, [JSON_TYPE]);
  const schema = v.object({
    document_ids: v.pipe(
      v.array(keySchema, "must be an array"),
      v.maxLength(limits.page, `has more than ${limits.page} ids`),
    ),
  }, "is missing");
  const action = "count documents";
  const { document_ids: ids } = checked(action, schema, body, "document_ids");
  assertStillIn(actor);
  // A client must not learn whether a document exists that it may not read.
  const readable = ids.filter((id) => actor.canRead(documentContext(id)));
  const { counts, isComplete } = await documents.counts(readable);
  assertStillIn(actor);
  const answer: DocumentCountsAnswer = {
    // An id may be a name like `__proto__`.
    counts: Object.fromEntries(ids.map((id) => [id, counts.get(id) ?? 0])),
    incomplete: !isComplete || undefined,
    timestamp: server.now,
  };
  return json(answer);
}

/** Returns the name that a segment of a path stands for. */
function nameIn(
  segment: string,
  { service: { keySchema } }: Ask,
  action: string,
): string {
  const field = "id";
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    throw invalid(action, { field, message: "must be percent-encoded UTF-8" });
  }
  return checked(action, keySchema, name, field);
}

/** Returns a page of sorted items, and where the next one begins. O(n). */
function cut<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  { limit, after }: ReturnType<Query["page"]>,
): { readonly page: readonly T[]; readonly next: string | undefined } {
  const left = items
    .filter((item) => after === undefined || nameOf(item) > after);
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isCut = page.length < left.length && last !== undefined;
  return { page, next: isCut ? nameOf(last) : undefined };
}
