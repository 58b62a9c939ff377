import type {
  Duration,
  EntryKey,
  FacetDeadlines,
  FacetPatch,
  PresenceUpdate,
  Timestamp,
} from "../../core/mod.ts";
import { Throttle } from "../../beacon/mod.ts";
import type { JsonValue } from "../topics/mod.ts";
import { facetsOfActivity } from "./activity.ts";
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

/** How often a workspace is told when somebody last did something. */
const WORKSPACE_INTERVAL_MS = 5_000;

/**
 * The entries of one session: one in the context of the document, and one in
 * that of the workspace. They come, live and go together.
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
  readonly #activity: Throttle<Timestamp>;
  #heardAt: Timestamp;
  #observedAt: Timestamp;

  /** Makes entries that are yet to be published. */
  constructor(server: DocumentServer, key: SessionKey) {
    const { userId, documentId, workspaceId, sessionId, origin } = key;
    const entry = { subject: userId, resource: sessionId, origin };
    this.key = key;
    this.#server = server;
    this.#document = { ...entry, context: documentContext(documentId) };
    this.#workspace = workspaceId === undefined
      ? undefined
      : { ...entry, context: workspaceContext(workspaceId) };
    this.#activity = new Throttle<Timestamp>({
      intervalMs: WORKSPACE_INTERVAL_MS,
      send: (lastActiveAt) => this.#publishActivity(lastActiveAt),
      clock: () => server.now,
    });
    this.#heardAt = this.#observedAt = server.now;
  }

  /** When something was last heard of the session. */
  get heardAt(): Timestamp {
    return this.#heardAt;
  }

  /** Whether the entries are there. O(1). */
  get arePresent(): boolean {
    return this.#server.store.snapshot(this.#document) !== undefined;
  }

  /** Takes note of a sign of life, and tells when that was. */
  hear(): Timestamp {
    return this.#heardAt = this.#server.now;
  }

  /** Publishes the entries of a session that begins; all of them or none. */
  begin(meta: { readonly value: JsonValue }): void {
    const { workspaceId, documentId } = this.key;
    const now = this.hear();
    const updates = [this.#update(this.#document, {
      ...facetsOfActivity("viewing"),
      meta,
      focused: true,
      connectedAt: now,
      lastActiveAt: now,
      lastCursorUpdate: now,
      // If there was a session by this name, nothing is left of it.
      workspace: workspaceId ?? null,
      cursor: null,
      selection: null,
      viewport: null,
      typing: null,
    })];
    if (this.#workspace !== undefined) {
      const facets = { document: documentId, lastActiveAt: now };
      updates.push(this.#update(this.#workspace, facets));
    }
    this.#server.receiveAll(updates);
  }

  /**
   * Publishes facets of the document's entry.
   *
   * @returns Whether it is there.
   */
  publish(
    facets: FacetPatch<DocumentModel>,
    facetDeadlines?: FacetDeadlines<DocumentModel>,
  ): boolean {
    const update = this.#update(this.#document, facets, facetDeadlines);
    if (this.#server.receiveIfPresent(update) === undefined) return false;
    if (this.#workspace === undefined) return true;
    if (this.key.ttlMs !== Infinity) {
      this.#server.receiveIfPresent(this.#update(this.#workspace, {}));
    }
    const { lastActiveAt } = facets;
    if (typeof lastActiveAt === "number") this.#activity.push(lastActiveAt);
    return true;
  }

  /** Leaves the entries as they are: no timer will change them. */
  release(): void {
    this.#activity[Symbol.dispose]();
  }

  /** Takes the entries away, those that are there. */
  withdraw(): void {
    this.release();
    this.#server.withdraw(this.#document);
    if (this.#workspace !== undefined) this.#server.withdraw(this.#workspace);
  }

  #publishActivity(lastActiveAt: Timestamp): void {
    if (this.#workspace === undefined || this.#server.closed) return;
    const update = this.#update(this.#workspace, { lastActiveAt });
    this.#server.receiveIfPresent(update);
  }

  #update(
    entry: EntryKey<DocumentModel>,
    facets: FacetPatch<DocumentModel>,
    facetDeadlines?: FacetDeadlines<DocumentModel>,
  ): PresenceUpdate<DocumentModel> {
    const { ttlMs } = this.key;
    // A clock may be set back, and a server may refuse what is stale.
    this.#observedAt = Math.max(this.#observedAt, this.#server.now);
    return {
      subject: entry.subject,
      context: entry.context,
      resource: entry.resource,
      origin: entry.origin,
      visibility: "public",
      observedAt: this.#observedAt,
      expiry: ttlMs === Infinity ? "never" : this.#heardAt + ttlMs,
      facets,
      facetDeadlines,
    };
  }
}
