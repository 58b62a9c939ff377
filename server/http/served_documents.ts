import { InvalidValueError } from "../../core/mod.ts";
import type { DocumentPresence } from "../documents/mod.ts";

/**
 * What a handler needs of documents: a `DocumentPresence`, or whatever else has
 * these methods of it.
 */
export interface ServedDocuments
  extends Pick<DocumentPresence, "activeDocuments" | "activeUsers" | "counts"> {
  /** The very server that is served: it is compared. */
  readonly server: object;
}

/**
 * Makes sure that documents are those of a server: of another one they would
 * tell of people whom nobody else sees, and who never leave.
 *
 * @param documents The documents, if there are some.
 * @param server The server.
 * @throws {InvalidValueError} If they are of another one.
 */
export function assertSameServer(
  documents: { readonly server: object } | undefined,
  server: object,
): void {
  if (documents === undefined || documents.server === server) return;
  const rule = "must be of the server that is given, and not of another one";
  throw new InvalidValueError(
    "create HTTP handler",
    "documents",
    rule,
    documents,
  );
}
