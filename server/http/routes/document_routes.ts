import * as v from "valibot";
import { compareKeys } from "../../../core/mod.ts";
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
import { checked, keySchema } from "../wire/update_schema.ts";
import { JSON_TYPE, readJson } from "./body.ts";
import { type Ask, assertCanRead, assertStillIn, json } from "./exchange.ts";
import { Query } from "./query.ts";

/** A route of documents; it is given the name in the path, as it stands there. */
export type DocumentRoute = (
  ask: Ask,
  documents: ServedDocuments,
  segment: string,
) => Promise<Response>;

/** `GET /v1/documents/{id}/presence`: who is in a document. */
export const documentPresence: DocumentRoute = async (
  ask,
  documents,
  segment,
) => {
  const id = nameIn(segment, ask, "read document");
  assertCanRead(ask, documentContext(id));
  const asked = new Query(ask, "read document").page();
  const { users, isComplete } = await documents.activeUsers(id);
  assertStillIn(ask.actor);
  const { page, next } = cut(users, ({ userId }) => userId, asked);
  return json(
    {
      document_id: id,
      active_users: page.map(activeUserJson),
      total_count: users.length,
      incomplete: !isComplete || undefined,
      timestamp: ask.service.server.now,
      next,
    } satisfies DocumentPresenceAnswer,
  );
};

/** `GET /v1/workspaces/{id}/documents`: where somebody is in a workspace. */
export const workspaceDocuments: DocumentRoute = async (
  ask,
  documents,
  segment,
) => {
  const id = nameIn(segment, ask, "read workspace");
  assertCanRead(ask, workspaceContext(id));
  const asked = new Query(ask, "read workspace").page();
  const active = await documents.activeDocuments(id);
  const { actor, service } = ask;
  assertStillIn(actor);
  const readable = active.documents
    .filter(({ documentId }) => actor.canRead(documentContext(documentId)));
  const { page, next } = cut(readable, ({ documentId }) => documentId, asked);
  return json(
    {
      workspace_id: id,
      documents: page.map(activeDocumentJson),
      total_count: readable.length,
      incomplete: !active.isComplete || undefined,
      timestamp: service.server.now,
      next,
    } satisfies WorkspaceDocumentsAnswer,
  );
};

/** `POST /v1/documents/counts`: how many people are in each of some documents. */
export const documentCounts: DocumentRoute = async (ask, documents) => {
  const { service: { limits, server }, request, actor } = ask;
  const body = await readJson(request, limits.bodyBytes, [JSON_TYPE]);
  const schema = v.object({
    document_ids: v.pipe(
      v.array(keySchema(limits.keyLength), "must be an array"),
      v.maxLength(limits.page, `has more than ${limits.page} ids`),
    ),
  }, "is missing");
  const { document_ids: ids } = checked(
    "count documents",
    schema,
    body,
    "document_ids",
  );
  assertStillIn(actor);
  // Of a document that they may not learn of they don't learn that it is there.
  const readable = ids.filter((id) => actor.canRead(documentContext(id)));
  const { counts, isComplete } = await documents.counts(readable);
  assertStillIn(actor);
  return json(
    {
      // Names like `__proto__` are ids like any other.
      counts: Object.fromEntries(ids.map((id) => [id, counts.get(id) ?? 0])),
      incomplete: !isComplete || undefined,
      timestamp: server.now,
    } satisfies DocumentCountsAnswer,
  );
};

/** The name that a part of a path stands for. */
function nameIn(segment: string, { service }: Ask, action: string): string {
  const field = "id";
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    const message = "must be percent-encoded UTF-8";
    throw invalid(action, { field, message });
  }
  return checked(action, keySchema(service.limits.keyLength), name, field);
}

/** The items of a page, and what to ask for the next one after. O(n log n). */
function cut<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  { limit, after }: ReturnType<Query["page"]>,
): { readonly page: readonly T[]; readonly next: string | undefined } {
  const left = [...items]
    .sort((a, b) => compareKeys(nameOf(a), nameOf(b)))
    .filter((item) => after === undefined || nameOf(item) > after);
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isCut = page.length < left.length && last !== undefined;
  return { page, next: isCut ? nameOf(last) : undefined };
}
