import { compareKeys } from "../../../core/mod.ts";
import {
  activeDocumentJson,
  activeUserJson,
  documentContext,
  workspaceContext,
} from "../../documents/mod.ts";
import { readValue } from "./body.ts";
import type {
  DocumentCountsAnswer,
  DocumentPresenceAnswer,
  WorkspaceDocumentsAnswer,
} from "../wire/document_wire.ts";
import { answer, type Ask, assertCanRead, assertStillIn } from "./exchange.ts";
import { isJsonObject } from "../../internal.ts";
import { invalid, type ProblemField } from "../wire/problem.ts";
import { keyFault, Query } from "./query.ts";
import type { ServedDocuments } from "../served_documents.ts";

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
  const { limit, after } = pageOf(ask, "read document");
  const { users, isComplete } = await documents.activeUsers(id);
  assertStillIn(ask.actor);
  const { page, next } = cut(users, ({ userId }) => userId, limit, after);
  return answer(
    {
      document_id: id,
      active_users: page.map(activeUserJson),
      total_count: users.length,
      incomplete: isComplete ? undefined : true,
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
  const { limit, after } = pageOf(ask, "read workspace");
  const active = await documents.activeDocuments(id);
  const { actor, service } = ask;
  assertStillIn(actor);
  const readable = active.documents
    .filter(({ documentId }) => actor.canRead(documentContext(documentId)));
  const { page, next } = cut(
    readable,
    ({ documentId }) => documentId,
    limit,
    after,
  );
  return answer(
    {
      workspace_id: id,
      documents: page.map(activeDocumentJson),
      total_count: readable.length,
      incomplete: active.isComplete ? undefined : true,
      timestamp: service.server.now,
      next,
    } satisfies WorkspaceDocumentsAnswer,
  );
};

/** `POST /v1/documents/counts`: how many people are in each of some documents. */
export const documentCounts: DocumentRoute = async (ask, documents) => {
  const { service, request, actor } = ask;
  const body = await readValue(request, service.limits.bodyBytes);
  const ids = documentIdsIn(body, ask);
  assertStillIn(actor);
  // Of a document that they may not learn of they don't learn that it is there.
  const readable = ids.filter((id) => actor.canRead(documentContext(id)));
  const { counts, isComplete } = await documents.counts(readable);
  assertStillIn(actor);
  return answer(
    {
      // Names like `__proto__` are ids like any other.
      counts: Object.fromEntries(ids.map((id) => [id, counts.get(id) ?? 0])),
      incomplete: isComplete ? undefined : true,
      timestamp: service.server.now,
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
    throw invalid(action, [{ field, message }]);
  }
  const message = keyFault(name, service.limits.keyLength);
  if (message !== undefined) throw invalid(action, [{ field, message }]);
  return name;
}

function pageOf({ url, service: { limits } }: Ask, action: string) {
  const query = new Query(url, action, limits.keyLength);
  return {
    limit: Math.min(query.count("limit") ?? Infinity, limits.page),
    after: query.key("after"),
  };
}

/** The items of a page, and what to ask for the next one after. O(n log n). */
function cut<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  limit: number,
  after: string | undefined,
): { readonly page: readonly T[]; readonly next: string | undefined } {
  const left = [...items]
    .sort((a, b) => compareKeys(nameOf(a), nameOf(b)))
    .filter((item) => after === undefined || nameOf(item) > after);
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isCut = page.length < left.length && last !== undefined;
  return { page, next: isCut ? nameOf(last) : undefined };
}

function documentIdsIn(body: unknown, { service: { limits } }: Ask): string[] {
  const action = "count documents";
  const field = "document_ids";
  const refuse = (message: string) => invalid(action, [{ field, message }]);
  if (!isJsonObject(body) || !Object.hasOwn(body, field)) {
    throw refuse("is missing");
  }
  const { document_ids: values } = body;
  if (!Array.isArray(values)) throw refuse("must be an array");
  if (values.length > limits.page) {
    throw refuse(`has more than ${limits.page} ids`);
  }
  const ids: string[] = [];
  const errors: ProblemField[] = [];
  for (const [index, value] of values.entries()) {
    const fault = typeof value === "string"
      ? keyFault(value, limits.keyLength)
      : "must be a string";
    if (typeof value === "string" && fault === undefined) ids.push(value);
    else errors.push({ field: `${field}[${index}]`, message: fault ?? "" });
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw invalid(action, [first, ...others]);
  return ids;
}
