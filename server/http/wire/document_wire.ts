import type {
  ActiveDocumentJson,
  ActiveUserJson,
} from "../../documents/mod.ts";

/** The people in a document. */
export interface DocumentPresenceAnswer {
  /** The document. */
  readonly document_id: string;
  /** The people, in the order of their ids; none in an unknown document. */
  readonly active_users: readonly ActiveUserJson[];
  /** The number of people on all pages. */
  readonly total_count: number;
  /** Set if not all servers could be asked: people may be missing. */
  readonly incomplete?: boolean | undefined;
  /** The time of the answer, in Unix milliseconds. */
  readonly timestamp: number;
  /** The `after` of the next page; omitted on the last page. */
  readonly next?: string | undefined;
}

/** The documents of a workspace that have people in them. */
export interface WorkspaceDocumentsAnswer {
  /** The workspace. */
  readonly workspace_id: string;
  /** The documents that the client may read, in the order of their ids. */
  readonly documents: readonly ActiveDocumentJson[];
  /** The number of documents on all pages. */
  readonly total_count: number;
  /** Set if not all servers could be asked. */
  readonly incomplete?: boolean | undefined;
  /** The time of the answer, in Unix milliseconds. */
  readonly timestamp: number;
  /** The `after` of the next page; omitted on the last page. */
  readonly next?: string | undefined;
}

/** The number of people in each of some documents. */
export interface DocumentCountsAnswer {
  /** The numbers; 0 for a document that is unknown or may not be read. */
  readonly counts: Readonly<Record<string, number>>;
  /** Set if not all servers could be asked. */
  readonly incomplete?: boolean | undefined;
  /** The time of the answer, in Unix milliseconds. */
  readonly timestamp: number;
}
