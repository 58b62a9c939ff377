import type {
  Duration,
  EntryKey,
  FacetDeadlines,
  FacetPatch,
  PresenceUpdate,
  Visibility,
} from "../../core/mod.ts";
import type { TopicModel, TopicServer } from "./topic_model.ts";

/** The key of an entry of one connection. */
export type ConnectionKey = EntryKey<TopicModel> & {
  readonly resource: string;
};

/** How an entry is held. */
export interface HeldEntrySettings {
  /** Its key. */
  readonly key: ConnectionKey;
  /** Its time to live in milliseconds; `Infinity` for no limit. */
  readonly ttlMs: Duration;
  /**
   * Whether nobody else can hold the connection, because its name is new.
   *
   * @default {false}
   */
  readonly isNew?: boolean | undefined;
}

/** What an update of a held entry changes. */
export interface HeldUpdate {
  /** The facets: a value sets, `null` clears. */
  readonly facets: FacetPatch<TopicModel>;
  /** Who may see the entry. */
  readonly visibility: Visibility;
  /** When facets that this update sets are cleared. */
  readonly facetDeadlines?: FacetDeadlines<TopicModel> | undefined;
}

/**
 * An entry that one visit of a connection holds. A later visit of a connection
 * of the same name takes it over, also from another origin, without a leave in
 * between; the former visit can no longer change or end it. An entry of another
 * origin that no visit holds stays: the application has published it.
 */
export class HeldEntry {
  /** The key of the entry. */
  readonly key: ConnectionKey;
  readonly #server: TopicServer;
  readonly #ttlMs: Duration;
  readonly #visit: string | undefined;

  /**
   * Publishes the entry.
   *
   * @throws {InvalidValueError} If the update is malformed.
   * @throws {ContextAtCapacityError} If the topic is full.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  constructor(
    server: TopicServer,
    { key, ttlMs, isNew = false }: HeldEntrySettings,
    update: HeldUpdate,
  ) {
    this.key = key;
    this.#server = server;
    this.#ttlMs = ttlMs;
    this.#visit = isNew ? undefined : crypto.randomUUID();
    if (isNew) {
      server.receive(this.#updateOf(update));
      return;
    }
    const { subject, context, resource, origin } = key;
    // Of any origin.
    const former = server.store.snapshots({ subject, context })
      .filter((snapshot) => snapshot.resource === resource);
    const cleared = former.filter((snapshot) => snapshot.origin === origin)
      .flatMap(({ facets }) => Object.keys(facets).map((name) => [name, null]));
    const facets = {
      ...Object.fromEntries(cleared),
      ...update.facets,
      visit: this.#visit,
    };
    server.receive(this.#updateOf({ ...update, facets }));
    // Afterwards, so that the subject never leaves.
    for (const other of former) {
      const isHeld = other.facets.visit !== undefined;
      if (isHeld && other.origin !== origin) server.withdraw(other);
    }
  }

  /** Whether the entry is present and of this visit. O(1). */
  get isPresent(): boolean {
    const snapshot = this.#server.store.snapshot(this.key);
    return snapshot !== undefined && snapshot.facets.visit === this.#visit;
  }

  /**
   * Changes the entry and extends its time to live. O(1).
   *
   * @returns Whether it is still present and of this visit.
   * @throws {InvalidValueError} If the update is malformed. Then nothing has
   * changed.
   */
  publish(update: HeldUpdate): boolean {
    if (this.#server.closed || this.#isReplaced) return false;
    const sequence = this.#server.receiveIfPresent(this.#updateOf(update));
    return sequence !== undefined;
  }

  /** Removes the entry, unless it is of another visit. */
  withdraw(): void {
    if (this.#server.closed || this.#isReplaced) return;
    this.#server.withdraw(this.key);
  }

  get #isReplaced(): boolean {
    return this.#visit !== undefined && !this.isPresent;
  }

  #updateOf(update: HeldUpdate): PresenceUpdate<TopicModel> {
    const observedAt = this.#server.now;
    const expiry = this.#ttlMs === Infinity
      ? "never"
      : observedAt + this.#ttlMs;
    return { ...this.key, ...update, observedAt, expiry };
  }
}
