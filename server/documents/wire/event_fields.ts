import type { PresenceSnapshot } from "../../../core/mod.ts";
import { documentIdOf } from "../contexts.ts";
import type { DocumentModel } from "../document_model.ts";

/** What has happened to an entry, as a `RedisBackbone` tells it. */
export interface EntryEvent {
  /** Whether it came, has changed, or is gone. */
  readonly type: "joined" | "updated" | "left";
  /** Who. */
  readonly subject: string;
  /** Where. */
  readonly context: string;
  /** Whether they are there by another entry as well. */
  readonly hasOthers: boolean;
  /** The entry as JSON. */
  readonly value: string;
}

/** The fields of an event in Materi's stream `materi:events:presence`. */
export type DocumentEventFields = {
  /** Who. */
  readonly user_id: string;
  /** The id of the document. */
  readonly document_id: string;
  /** The id of the document's workspace; empty if it is in none. */
  readonly workspace_id: string;
};

/**
 * Makes of an event of a `RedisBackbone` what Materi's stream tells: somebody
 * comes to a document with the first of their tabs, and leaves with the last one.
 * Updates are left out, and so is what is no document or not public.
 *
 * @param event The event.
 * @returns The fields; `undefined` for what is not to be told.
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
