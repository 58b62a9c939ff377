import type { Timestamp } from "../../core/mod.ts";
import type { PresenceServer, SubjectCounts } from "../mod.ts";
import type { TopicModel, TopicServer, TopicViewer } from "../topics/mod.ts";
import type { Cursor, Selection, Viewport } from "./people/positions.ts";

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

/**
 * What documents need of a server: a `PresenceServer` whose model is a
 * {@linkcode DocumentModel} or extends it.
 */
export interface DocumentServer extends
  Pick<
    TopicServer<DocumentModel>,
    | "closed"
    | "now"
    | "receiveIfPresent"
    | "replicated"
    | "steadyNow"
    | "store"
    | "watch"
    | "withdraw"
  >,
  Pick<
    PresenceServer<DocumentModel>,
    "follow" | "isLingering" | "locate" | "receiveAll"
  > {
  /** Counts the people in contexts, on all servers together. */
  count(
    contexts: readonly string[],
    viewer: TopicViewer,
  ): Promise<SubjectCounts<DocumentModel>>;
}
