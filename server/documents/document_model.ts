import type { Timestamp } from "../../core/mod.ts";
import type { PresenceServer, SubjectCounts } from "../mod.ts";
import type { TopicModel, TopicServer, TopicViewer } from "../topics/mod.ts";
import type { Cursor, Selection, Viewport } from "./people/positions.ts";

/**
 * The model of a server that documents and topics live on: a document is the
 * context `document:{id}`, a person is a subject, and a session is a resource.
 *
 * An application with facets of its own extends it. A publisher of another face
 * can give these facets any value: malformed ones count as absent.
 */
export interface DocumentModel extends TopicModel {
  /** The application's own facets, and those of sessions. */
  facets: TopicModel["facets"] & {
    /** The position of the cursor. */
    cursor: Cursor;
    /** The selection; absent if nothing is selected. */
    selection: Selection;
    /** The part of the text on the screen. */
    viewport: Viewport;
    /** Present while the person types; it ends by its deadline. */
    typing: true;
    /** Whether the document is in focus. */
    focused: boolean;
    /** When the session began. */
    connectedAt: Timestamp;
    /** The time of the last activity. */
    lastActiveAt: Timestamp;
    /** When the cursor last moved; before that, when the session began. */
    lastCursorUpdate: Timestamp;
    /** The id of the workspace that the document belongs to. */
    workspace: string;
    /** The id of the document, in the context of a workspace. */
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
