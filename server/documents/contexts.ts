const DOCUMENT = "document:";
const WORKSPACE = "workspace:";

/**
 * Names the context of a document, which is its topic too.
 *
 * @param documentId The id of the document.
 * @returns `document:` and the id.
 *
 * @example Usage
 * ```ts
 * import { documentContext } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(documentContext("42"), "document:42");
 * ```
 */
export function documentContext(documentId: string): string {
  return DOCUMENT + documentId;
}

/**
 * Returns the document of a context.
 *
 * @param context The context.
 * @returns The id of the document; `undefined` for another context.
 *
 * @example Usage
 * ```ts
 * import { documentIdOf } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(documentIdOf("document:42"), "42");
 * assertEquals(documentIdOf("room:42"), undefined);
 * ```
 */
export function documentIdOf(context: string): string | undefined {
  return context.startsWith(DOCUMENT)
    ? context.slice(DOCUMENT.length)
    : undefined;
}

/**
 * Names the context that contains the sessions in a workspace.
 *
 * @param workspaceId The id of the workspace.
 * @returns `workspace:` and the id.
 *
 * @example Usage
 * ```ts
 * import { workspaceContext } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(workspaceContext("acme"), "workspace:acme");
 * ```
 */
export function workspaceContext(workspaceId: string): string {
  return WORKSPACE + workspaceId;
}
