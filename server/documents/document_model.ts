import type {
  EntryKey,
  PresenceSnapshot,
  Timestamp,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type { CursorPosition, PresenceCount } from "../../store/mod.ts";
import type {
  PresenceBatch,
  PresenceReader,
  PresenceServer,
  SubjectCounts,
  Watch,
} from "../mod.ts";
import type { TopicModel } from "../topics/mod.ts";
import type { Cursor, Selection, Viewport } from "./positions.ts";

/**
 * The model of a server that documents live on, and topics too: a document is
 * the context `document:{id}`, a person is a subject, and a session is a
 * resource.
 *
 * An application that has facets of its own extends it. Whoever can publish by
 * another face can give these facets any value: what has not the right form is
 * read as if it were not there.
 */
export interface DocumentModel extends TopicModel {
  /** The application's own facets, and what sessions publish. */
  facets: TopicModel["facets"] & {
    /** Where the cursor is. */
    cursor: Cursor;
    /** What is selected; not there if that is nothing. */
    selection: Selection;
    /** What is on the screen. */
    viewport: Viewport;
    /** There while somebody types; it ends by its deadline. */
    typing: true;
    /** Whether the document is in focus. */
    focused: boolean;
    /** When the session began. */
    connectedAt: Timestamp;
    /** When somebody last did something in it. */
    lastActiveAt: Timestamp;
    /** When the cursor was last moved, or else when the session began. */
    lastCursorUpdate: Timestamp;
    /** The id of the workspace that the document belongs to. */
    workspace: string;
    /** Of an entry of a workspace: the id of the document. */
    document: string;
  };
}

/** Which entries documents ask for. */
export interface DocumentQuery {
  /** Those of this context. */
  readonly context?: string | undefined;
  /** Those of this person. */
  readonly subject?: string | undefined;
  /** Those that this policy lets be seen. */
  readonly visible?: VisibilityPolicy<string, string> | undefined;
}

/** What documents read from. */
export interface DocumentStore
  extends Pick<PresenceReader<DocumentModel>, "epoch" | "lastSequence"> {
  /** Reads one entry. */
  snapshot(
    key: EntryKey<DocumentModel>,
  ): PresenceSnapshot<DocumentModel> | undefined;
  /** Reads entries. */
  snapshots(query: DocumentQuery): PresenceSnapshot<DocumentModel>[];
  /** Counts without making a list; all, or those that a policy lets be seen. */
  count(
    context: string,
    options?: Pick<DocumentQuery, "visible">,
  ): PresenceCount;
}

/** Who sees public entries alone, as `PUBLIC_VIEWER` does. */
export interface PublicViewer {
  /** No labels. */
  readonly restricted: readonly never[];
  /** Nor private entries. */
  readonly private: false;
}

/**
 * What documents need of a server: a `PresenceServer` whose model is a
 * {@linkcode DocumentModel}, and may have more facets.
 */
export interface DocumentServer extends
  Pick<
    PresenceServer<DocumentModel>,
    | "closed"
    | "follow"
    | "isLingering"
    | "locate"
    | "now"
    | "receiveAll"
    | "receiveIfPresent"
    | "replicated"
    | "steadyNow"
    | "withdraw"
  > {
  /** What there is now. */
  readonly store: DocumentStore;
  /** Counts the people in contexts, at all servers together. */
  count(
    contexts: readonly string[],
    viewer: PublicViewer,
  ): Promise<SubjectCounts<DocumentModel>>;
  /** Watches a document. */
  watch(options: {
    readonly context: string;
    readonly viewer: PublicViewer;
    readonly since?: CursorPosition | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Watch<PresenceBatch<DocumentModel>>;
}
