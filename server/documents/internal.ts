/**
 * What clients share with documents. The package does not export it.
 *
 * @module
 */

export { documentContext, documentIdOf } from "./contexts.ts";
export type { DocumentModel } from "./document_model.ts";
export { ACTIVITY_FACETS } from "./people/activity.ts";
export type { DocumentUser } from "./people/document_user.ts";
export { personOf } from "./people/person.ts";
export type { Cursor, Selection, Viewport } from "./people/positions.ts";
export { readCursorMove, readViewport } from "./wire/document_input.ts";
export { selectionJson, viewportJson } from "./wire/document_json.ts";
