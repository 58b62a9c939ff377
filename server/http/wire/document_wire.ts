import type {
  ActiveDocumentJson,
  ActiveUserJson,
} from "../../documents/mod.ts";

/** The answer to who is in a document. */
export interface DocumentPresenceAnswer {
  /** The document. */
  readonly document_id: string;
  /** Who is there, in the order of their ids; nobody in one that is not known. */
  readonly active_users: readonly ActiveUserJson[];
  /** How many people are there, on all pages. */
  readonly total_count: number;
  /**
   * Set where not all servers could be asked, so that somebody may be there who
   * is not told.
   */
  readonly incomplete?: boolean | undefined;
  /** When that was so, in Unix milliseconds. */
  readonly timestamp: number;
  /** What to ask for the next page after; left out on the last one. */
  readonly next?: string | undefined;
}

/** The answer to which documents of a workspace somebody is in. */
export interface WorkspaceDocumentsAnswer {
  /** The workspace. */
  readonly workspace_id: string;
  /** The documents, in the order of their ids, of which one may learn. */
  readonly documents: readonly ActiveDocumentJson[];
  /** How many they are, on all pages. */
  readonly total_count: number;
  /** Set where not all servers could be asked. */
  readonly incomplete?: boolean | undefined;
  /** When that was so, in Unix milliseconds. */
  readonly timestamp: number;
  /** What to ask for the next page after; left out on the last one. */
  readonly next?: string | undefined;
}

/** The answer to how many people are in documents. */
export interface DocumentCountsAnswer {
  /** How many are in each; 0 in one that is not known, or may not be read. */
  readonly counts: Readonly<Record<string, number>>;
  /** Set where not all servers could be asked. */
  readonly incomplete?: boolean | undefined;
  /** When that was so, in Unix milliseconds. */
  readonly timestamp: number;
}
