/**
 * People in documents: where their cursors are, what they select and type, who
 * is idle or away, and which documents a person is in.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   type DocumentModel,
 *   DocumentPresence,
 * } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer<DocumentModel>();
 * using presence = new DocumentPresence(server);
 * await using watch = presence.watch("42");
 * await watch.next();
 *
 * const tab = await presence.join("ada", { documentId: "42", name: "Ada" });
 * await watch.next();
 * tab.typed();
 * const { value: event } = await watch.next();
 * assertEquals(event?.type === "typingChanged" && event.isTyping, true);
 * ```
 *
 * @module
 */

export { colorOf, labelColorOf } from "./people/color.ts";
export { documentContext, documentIdOf, workspaceContext } from "./contexts.ts";
export type {
  ActiveDocument,
  ActiveDocuments,
  ActiveUsers,
  DocumentCounts,
  DocumentOfUser,
  DocumentsOfUser,
} from "./document_answers.ts";
export * from "./wire/document_input.ts";
export * from "./wire/document_json.ts";
export type {
  DocumentListener,
  DocumentListening,
  DocumentStats,
} from "./document_listening.ts";
export type * from "./document_message.ts";
export type { DocumentModel, DocumentServer } from "./document_model.ts";
export type {
  DocumentPresenceOptions,
  JoinOptions,
  WatchDocumentOptions,
} from "./document_options.ts";
export { DocumentPresence } from "./document_presence.ts";
export { DocumentSession, type FocusOptions } from "./document_session.ts";
export type { DocumentActivity, DocumentUser } from "./people/document_user.ts";
export * from "./errors.ts";
export * from "./wire/event_fields.ts";
export type { Cursor, Selection, Viewport } from "./people/positions.ts";
