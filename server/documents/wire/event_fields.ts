import type { PresenceSnapshot } from "../../../core/mod.ts";
import { documentIdOf } from "../contexts.ts";
import type { DocumentModel } from "../document_model.ts";

/** An event of an entry, as a `RedisBackbone` reports it. */
export interface EntryEvent {
  /** Whether the entry joined, was updated or left. */
  readonly type: "joined" | "updated" | "left";
  /** The subject. */
  readonly subject: string;
  /** The context. */
  readonly context: string;
  /** Whether the subject has another entry in the context. */
  readonly hasOthers: boolean;
  /** The entry as JSON. */
  readonly value: string;
}

/** The fields of an event in Materi's stream `materi:events:presence`. */
export type DocumentEventFields = {
  /** The id of the person. */
  readonly user_id: string;
  /** The id of the document. */
  readonly document_id: string;
  /** The id of the document's workspace; empty without one. */
  readonly workspace_id: string;
};

/**
 * Converts an event of a `RedisBackbone` to an event of Materi's stream: a
 * person joins a document with their first tab and leaves with the last one.
 * Updates, other contexts and entries that are not public have no event.
 *
 * @param event The event.
 * @returns The fields; `undefined` if there is no event.
 *
 * @example Usage
 * ```ts
 * import { documentEventFields } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * const event = {
 *   type: "joined",
 *   subject: "ada",
 *   context: "document:42",
 *   hasOthers: false,
 *   value: '{"visibility":"public","facets":{"workspace":"acme"}}',
 * } as const;
 * assertEquals(documentEventFields(event), {
 *   user_id: "ada",
 *   document_id: "42",
 *   workspace_id: "acme",
 * });
 * assertEquals(documentEventFields({ ...event, type: "updated" }), undefined);
 * ```
 */
export function documentEventFields(
  { type, subject, context, hasOthers, value }: EntryEvent,
): DocumentEventFields | undefined {
  const documentId = documentIdOf(context);
  if (documentId === undefined || type === "updated" || hasOthers) {
    return undefined;
  }
  const { visibility, facets }: Partial<PresenceSnapshot<DocumentModel>> = JSON
    .parse(value);
  if (visibility !== "public") return undefined;
  const workspace: unknown = facets?.workspace;
  return {
    user_id: subject,
    document_id: documentId,
    workspace_id: typeof workspace === "string" ? workspace : "",
  };
}
