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
import { ACTIVITY_FACETS } from "./activity.ts";
import { documentContext, workspaceContext } from "./contexts.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";

/** Whose session it is, where, and how long it lives. */
export interface SessionKey {
  /** Who. */
  readonly userId: string;
  /** The id of the document. */
  readonly documentId: string;
  /** The id of the workspace, if the document is in one. */
  readonly workspaceId: string | undefined;
  /** The id of the session. */
  readonly sessionId: string;
  /** Who holds it. */
  readonly origin: string;
  /** How long it lives that nothing is heard of. */
  readonly ttlMs: Duration;
}

/** What others are shown of a person, as JSON. */
export type ShownProfile = {
  /** What they are called. */
  readonly name: string;
  /** Where their picture is. */
  readonly avatar_url?: string;
  /** Their colour. */
  readonly color: string;
  /** The id of the session. */
  readonly session_id: string;
};

/** How often a workspace is told when somebody last did something. */
const WORKSPACE_INTERVAL_MS = 5_000;

/**
 * The entries of one session: one in the context of the document, and one in
 * that of the workspace. They come, live and go together.
 *
 * Who may read a workspace may not read all of its documents: the entry there
 * is private, for `DocumentPresence` alone.
 *
 * Another session may have come by the same id, here or at another server, and
 * have these entries now. So they say which visit they are of, and those of
 * another are left alone.
 *
 * What is published by a timer is no sign of life. So the time to live counts
 * from `hear()`, not from what is published.
 */
export class SessionRows {
  /** Whose they are. */
  readonly key: SessionKey;
  readonly #server: DocumentServer;
  readonly #document: EntryKey<DocumentModel>;
  readonly #workspace: EntryKey<DocumentModel> | undefined;
  /** Which visit they are of. */
  readonly visit: string = crypto.randomUUID();
  readonly #activity: Throttle<Timestamp>;
  #profile: ShownProfile;
  #heardAt: Timestamp;
  #activeAt: Timestamp;

  /** Makes entries that are yet to be published. */
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
    this.#workspace = workspaceId === undefined
      ? undefined
      : workspaceEntry(key, workspaceId);
    this.#activity = new Throttle<Timestamp>({
      intervalMs: WORKSPACE_INTERVAL_MS,
      send: (lastActiveAt) => {
        // A timer may fire when all is over.
        if (server.closed || !this.arePresent) return;
        this.#tellWorkspace({ lastActiveAt });
      },
      clock: () => server.steadyNow,
    });
    this.#heardAt = server.steadyNow;
    this.#activeAt = server.now;
  }

  /** The colour of the person. */
  get color(): string {
    return this.#profile.color;
  }

  /** When something was last heard of the session: steady time. */
  get heardAt(): Timestamp {
    return this.#heardAt;
  }

  /** When they last did something, as far as that was published. */
  get activeAt(): Timestamp {
    return this.#activeAt;
  }

  /** Whether the document's entry is there, and of this visit. O(1). */
  get arePresent(): boolean {
    return this.#isOwn(this.#document);
  }

  /** Whether their grace is running, as the server knows. O(1). */
  get areLingering(): boolean {
    return this.#server.isLingering(this.#document);
  }

  /** Records a sign of life, and returns when that was: wall time. */
  hear(): Timestamp {
    this.#heardAt = this.#server.steadyNow;
    return this.#server.now;
  }

  /** Publishes the entries of a session that begins; all of them or none. */
  begin(): void {
    const former = this.#server.store.snapshot(this.#document);
    const now = this.#activeAt = this.hear();
    const updates = [this.#update(this.#document, {
      ...ACTIVITY_FACETS.viewing,
      meta: { value: this.#profile },
      visit: this.visit,
      focused: true,
      connectedAt: now,
      lastActiveAt: now,
      lastCursorUpdate: now,
      // If there was a session by this id, nothing is left of it.
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
    const left: unknown = former?.facets.workspace;
    if (typeof left === "string" && left !== this.key.workspaceId) {
      this.#server.withdraw(workspaceEntry(this.key, left));
    }
  }

  /**
   * Publishes facets of the document's entry.
   *
   * @returns Whether it is there, and of this visit.
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
    if (this.key.ttlMs !== Infinity) this.#tellWorkspace({});
    if (typeof lastActiveAt === "number") this.#activity.push(lastActiveAt);
    return true;
  }

  /** Gives the person another colour. What has its grace is left alone. */
  paint(color: string): void {
    if (color === this.color || this.areLingering) return;
    this.#profile = { ...this.#profile, color };
    this.publish({ meta: { value: this.#profile } });
  }

  /** Leaves the entries as they are: no timer will change them. */
  release(): void {
    this.#activity[Symbol.dispose]();
  }

  /** Takes the entries away, those that are there and of this visit. */
  withdraw(): void {
    this.release();
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

  /** Publishes facets of the workspace's entry; all of them, if it is gone. */
  #tellWorkspace(facets: FacetPatch<DocumentModel>): void {
    const entry = this.#workspace;
    if (entry === undefined) return;
    if (this.#isOwn(entry)) {
      this.#server.receiveIfPresent(this.#update(entry, facets));
    } else if (this.#server.store.snapshot(entry) === undefined) {
      this.#restore(entry);
    }
  }

  #restore(entry: EntryKey<DocumentModel>): void {
    try {
      this.#server.receiveAll([this.#update(entry, this.#workspaceFacets)]);
    } catch (error) {
      // Somebody else has the place: perhaps there is one the next time.
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
    const silentFor = this.#server.steadyNow - this.#heardAt;
    return {
      subject: entry.subject,
      context: entry.context,
      resource: entry.resource,
      origin: entry.origin,
      visibility: entry === this.#document ? "public" : "private",
      observedAt,
      expiry: ttlMs === Infinity ? "never" : observedAt + ttlMs - silentFor,
      facets,
      facetDeadlines,
    };
  }
}

/** The key of what a session has in a workspace. */
function workspaceEntry(
  { userId, documentId, sessionId, origin }: SessionKey,
  workspaceId: string,
): EntryKey<DocumentModel> {
  return {
    subject: userId,
    context: workspaceContext(workspaceId),
    // One tab can have several documents of a workspace.
    resource: JSON.stringify([documentId, sessionId]),
    origin,
  };
}
