import type {
  Duration,
  EntryKey,
  FacetDeadlines,
  FacetPatch,
  PresenceUpdate,
  Timestamp,
} from "../../core/mod.ts";
import { Throttle } from "../../beacon/mod.ts";
import { ContextAtCapacityError } from "../mod.ts";
import { ACTIVITY_FACETS } from "./people/activity.ts";
import { documentContext, workspaceContext } from "./contexts.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";

/** The ids of a session, and its time to live. */
export interface SessionKey {
  /** The id of the person. */
  readonly userId: string;
  /** The id of the document. */
  readonly documentId: string;
  /** The id of the workspace, if the document is in one. */
  readonly workspaceId: string | undefined;
  /** The id of the session. */
  readonly sessionId: string;
  /** The origin that holds it. */
  readonly origin: string;
  /** How long the session lives without a sign of life. */
  readonly ttlMs: Duration;
}

/** What others see of a person, as JSON. */
export type ShownProfile = {
  /** The name. */
  readonly name: string;
  /** The URL of the picture. */
  readonly avatar_url?: string;
  /** The colour. */
  readonly color: string;
  /** The id of the session. */
  readonly session_id: string;
};

/** How often a workspace receives the time of the last activity. */
const WORKSPACE_INTERVAL_MS = 5_000;

/**
 * The entries of one session: one in the context of the document, and one in
 * that of the workspace. They begin, live and end together.
 *
 * A reader of a workspace may not read all of its documents. So the entry there
 * is private, for `DocumentPresence` alone.
 *
 * Another session with the same id, on this or another server, may have taken
 * these entries over. So they name their visit, and the session leaves entries
 * of another visit alone.
 *
 * What a timer publishes is no sign of life. So the time to live counts from
 * `touch()`, not from the last publish.
 */
export class SessionRows {
  /** The session that they belong to. */
  readonly key: SessionKey;
  readonly #server: DocumentServer;
  readonly #document: EntryKey<DocumentModel>;
  readonly #workspace: EntryKey<DocumentModel> | undefined;
  /** Names their visit. */
  readonly visit: string = crypto.randomUUID();
  /** The last activity on its way to the workspace. */
  readonly #activity: Throttle<Timestamp> | undefined;
  #profile: ShownProfile;
  #touchedAt: Timestamp = -Infinity;
  #activeAt: Timestamp = -Infinity;

  /** Makes entries that have not been published. */
  constructor(
    server: DocumentServer,
    key: SessionKey,
    profile: ShownProfile,
  ) {
    const { userId, documentId, workspaceId, sessionId, origin } = key;
    this.key = key;
    this.#profile = profile;
    this.#server = server;
    this.#document = {
      subject: userId,
      context: documentContext(documentId),
      resource: sessionId,
      origin,
    };
    if (workspaceId === undefined) return;
    this.#workspace = workspaceEntry(key, workspaceId);
    this.#activity = new Throttle<Timestamp>({
      intervalMs: WORKSPACE_INTERVAL_MS,
      send: (lastActiveAt) => {
        // A timer may fire after the end.
        if (server.closed || !this.arePresent) return;
        this.#publishToWorkspace({ lastActiveAt });
      },
      clock: () => server.steadyNow,
    });
  }

  /** The colour of the person. */
  get color(): string {
    return this.#profile.color;
  }

  /** The latest sign of life: steady time. */
  get touchedAt(): Timestamp {
    return this.#touchedAt;
  }

  /** The last activity that was published: wall time. */
  get activeAt(): Timestamp {
    return this.#activeAt;
  }

  /** Whether the document's entry is present and of this visit. O(1). */
  get arePresent(): boolean {
    return this.#isOwn(this.#document);
  }

  /** Whether their grace is running. O(1). */
  get areLingering(): boolean {
    return this.#server.isLingering(this.#document);
  }

  /** Records a sign of life; returns its wall time. */
  touch(): Timestamp {
    this.#touchedAt = this.#server.steadyNow;
    return this.#server.now;
  }

  /** Publishes the entries of a new session: all of them or none. */
  begin(): void {
    const former = this.#server.store.snapshot(this.#document);
    const now = this.#activeAt = this.touch();
    const updates = [this.#update(this.#document, {
      ...ACTIVITY_FACETS.viewing,
      meta: { value: this.#profile },
      visit: this.visit,
      focused: true,
      connectedAt: now,
      lastActiveAt: now,
      lastCursorUpdate: now,
      // Nothing is left of a former session with this id.
      workspace: this.key.workspaceId ?? null,
      cursor: null,
      selection: null,
      viewport: null,
      typing: null,
    })];
    if (this.#workspace !== undefined) {
      updates.push(this.#update(this.#workspace, this.#workspaceFacets));
    }
    this.#server.receiveAll(updates);
    const workspace: unknown = former?.facets.workspace;
    if (typeof workspace === "string" && workspace !== this.key.workspaceId) {
      this.#server.withdraw(workspaceEntry(this.key, workspace));
    }
  }

  /**
   * Publishes facets of the document's entry.
   *
   * @returns Whether it is present and of this visit.
   */
  publish(
    facets: FacetPatch<DocumentModel>,
    facetDeadlines?: FacetDeadlines<DocumentModel>,
  ): boolean {
    if (!this.arePresent) return false;
    const update = this.#update(this.#document, facets, facetDeadlines);
    if (this.#server.receiveIfPresent(update) === undefined) return false;
    const { lastActiveAt } = facets;
    if (typeof lastActiveAt === "number") this.#activeAt = lastActiveAt;
    if (this.key.ttlMs !== Infinity) this.#publishToWorkspace({});
    if (typeof lastActiveAt === "number") this.#activity?.push(lastActiveAt);
    return true;
  }

  /** Changes the colour of the person, unless the grace is running. */
  paint(color: string): void {
    if (color === this.color || this.areLingering) return;
    this.#profile = { ...this.#profile, color };
    this.publish({ meta: { value: this.#profile } });
  }

  /** Stops the timer and leaves the entries as they are. */
  release(): void {
    this.#activity?.[Symbol.dispose]();
  }

  /** Removes the entries that are of this visit. */
  withdraw(): void {
    for (const entry of [this.#document, this.#workspace]) {
      if (entry !== undefined && this.#isOwn(entry)) {
        this.#server.withdraw(entry);
      }
    }
  }

  #isOwn(entry: EntryKey<DocumentModel>): boolean {
    const snapshot = this.#server.store.snapshot(entry);
    return snapshot?.facets.visit === this.visit;
  }

  /** Publishes facets of the workspace's entry; all of them if it is gone. */
  #publishToWorkspace(facets: FacetPatch<DocumentModel>): void {
    const entry = this.#workspace;
    if (entry === undefined) return;
    if (this.#isOwn(entry)) {
      this.#server.receiveIfPresent(this.#update(entry, facets));
      return;
    }
    // Another visit has taken it over.
    if (this.#server.store.snapshot(entry) !== undefined) return;
    try {
      this.#server.receiveAll([this.#update(entry, this.#workspaceFacets)]);
    } catch (error) {
      // The workspace is full: the next publish tries again.
      if (!(error instanceof ContextAtCapacityError)) throw error;
    }
  }

  get #workspaceFacets(): FacetPatch<DocumentModel> {
    const { documentId } = this.key;
    const lastActiveAt = this.#activeAt;
    return { document: documentId, visit: this.visit, lastActiveAt };
  }

  #update(
    entry: EntryKey<DocumentModel>,
    facets: FacetPatch<DocumentModel>,
    facetDeadlines?: FacetDeadlines<DocumentModel>,
  ): PresenceUpdate<DocumentModel> {
    const { ttlMs } = this.key;
    const observedAt = this.#server.now;
    const silentFor = this.#server.steadyNow - this.#touchedAt;
    return {
      ...entry,
      visibility: entry === this.#document ? "public" : "private",
      observedAt,
      expiry: ttlMs === Infinity ? "never" : observedAt + ttlMs - silentFor,
      facets,
      facetDeadlines,
    };
  }
}

/** Returns the key of a session's entry in a workspace. */
function workspaceEntry(
  { userId, documentId, sessionId, origin }: SessionKey,
  workspaceId: string,
): EntryKey<DocumentModel> {
  return {
    subject: userId,
    context: workspaceContext(workspaceId),
    // One tab may have several documents of a workspace open.
    resource: JSON.stringify([documentId, sessionId]),
    origin,
  };
}
