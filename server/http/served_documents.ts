import type { DocumentPresence } from "../documents/mod.ts";

/**
 * What a handler needs of documents: a `DocumentPresence`, or whatever else has
 * these methods of it.
 */
export interface ServedDocuments
  extends Pick<DocumentPresence, "activeDocuments" | "activeUsers" | "counts"> {
}
