import { assertNoOtherOptions, assertOptions } from "../../core/assert.ts";
import type {
  Activity,
  Availability,
  Duration,
  EntryKey,
  FacetPatch,
  PresenceSnapshot,
  PresenceUpdate,
  Visibility,
} from "../../core/mod.ts";
import type { JsonValue } from "../internal.ts";
import { copyJson, type TopicMeta } from "./json_value.ts";
import type { TopicModel, TopicServer } from "./topic_model.ts";

/** What a meta says in the words that every face shares. */
export interface LiftedFacets {
  /** What the subject is doing. */
  readonly activity?: Activity | undefined;
  /** Whether the subject can be reached. */
  readonly availability?: Availability | undefined;
}

/**
 * Takes out of a meta what it says of activity and availability. If it throws,
 * or gives values that are none, the meta is refused.
 */
export type FacetLifter = (meta: JsonValue) => LiftedFacets;

/** What an update may change besides the meta. */
export interface UpdateOptions {
  /** Who the connection is shown to; as before, if it is left out. */
  readonly visibility?: Visibility | undefined;
}

/** How a connection is kept. */
export interface ConnectionSettings {
  /** Its entry's key. */
  readonly entry: EntryKey<TopicModel> & { readonly resource: string };
  /** Its time to live in milliseconds. */
  readonly ttlMs: Duration;
  /** Who it is shown to. */
  readonly visibility: Visibility;
  /**
   * Which handle it is of those that have tracked the same connection;
   * `undefined` where there can't be another.
   */
  readonly visit: string | undefined;
  /** What lifts facets out of its metas. */
  readonly lift: FacetLifter;
}

/**
 * A connection of a key in a topic, tracked by `TopicPresence.track()`. It
 * leaves when it is disposed of, or when its time to live is over; a
 * connection that has left does not come back. A handle is over as well when
 * another one has tracked a connection of the same name.
 *
 * @typeParam Meta The application's type of metas.
 */
export class PresenceHandle<Meta = TopicMeta> implements Disposable {
  readonly #server: TopicServer;
  readonly #settings: ConnectionSettings;
  #visibility: Visibility;

  /** Tracks a connection with its first meta. */
  constructor(
    server: TopicServer,
    settings: ConnectionSettings,
    meta: Meta,
  ) {
    this.#server = server;
    this.#settings = settings;
    this.#visibility = settings.visibility;
    const { entry, visibility, visit } = settings;
    const facets = this.#facetsOf(meta, "track connection");
    if (visit === undefined) {
      server.receive(this.#update(facets, visibility));
      return;
    }
    const former = formerOf(server, entry);
    const cleared = former.filter(({ origin }) => origin === entry.origin)
      .flatMap(({ facets }) => Object.keys(facets).map((name) => [name, null]));
    const whole = { ...Object.fromEntries(cleared), ...facets, visit };
    server.receive(this.#update(whole, visibility));
    // After it, so that the key is there all the time.
    for (const other of former) {
      if (other.origin !== entry.origin) server.withdraw(other);
    }
  }

  /** The topic. */
  get topic(): string {
    return this.#settings.entry.context;
  }

  /** The key. */
  get key(): string {
    return this.#settings.entry.subject;
  }

  /** The name of the connection: the resource of its entry. */
  get connection(): string {
    return this.#settings.entry.resource;
  }

  /** Who the connection is shown to. */
  get visibility(): Visibility {
    return this.#visibility;
  }

  /** Whether the connection is still there, and still this handle's. O(1). */
  get isPresent(): boolean {
    const { entry, visit } = this.#settings;
    const snapshot = this.#server.store.snapshot(entry);
    return snapshot !== undefined && snapshot.facets.visit === visit;
  }

  /**
   * Extends the time to live. Nobody is told. O(1).
   *
   * @returns Whether the connection is still there.
   */
  refresh(): boolean {
    return this.#publishIfPresent({}, this.#visibility);
  }

  /**
   * Replaces the meta, and extends the time to live. A meta that equals the
   * one before is no update, and nobody is told.
   *
   * @param meta The new meta, whole; it is copied.
   * @param options What else changes.
   * @returns Whether the connection is still there.
   * @throws {InvalidValueError} If the meta is not a JSON value, or facets are
   * made of it that are none. Then nothing has changed.
   */
  update(meta: Meta, options: UpdateOptions = {}): boolean {
    assertOptions(options, "update connection");
    const { visibility = this.#visibility, ...others } = options;
    assertNoOtherOptions(others, "update connection");
    const facets = this.#facetsOf(meta, "update connection");
    return this.#publishIfPresent(facets, visibility);
  }

  /** Leaves at once. Once is enough: later calls do nothing. */
  [Symbol.dispose](): void {
    if (this.#server.closed || this.#isReplaced) return;
    this.#server.withdraw(this.#settings.entry);
  }

  get #isReplaced(): boolean {
    return this.#settings.visit !== undefined && !this.isPresent;
  }

  #publishIfPresent(
    facets: FacetPatch<TopicModel>,
    visibility: Visibility,
  ): boolean {
    if (this.#server.closed || this.#isReplaced) return false;
    const update = this.#update(facets, visibility);
    const sequence = this.#server.receiveIfPresent(update);
    if (sequence !== undefined) this.#visibility = visibility;
    return sequence !== undefined;
  }

  #update(
    facets: FacetPatch<TopicModel>,
    visibility: Visibility,
  ): PresenceUpdate<TopicModel> {
    const { entry, ttlMs } = this.#settings;
    const observedAt = this.#server.now;
    const expiry = ttlMs === Infinity ? "never" : observedAt + ttlMs;
    return { ...entry, visibility, observedAt, expiry, facets };
  }

  #facetsOf(meta: Meta, action: string): FacetPatch<TopicModel> {
    const value = copyJson(meta, "meta", action);
    const { activity = null, availability = null } = this.#settings.lift(value);
    return { meta: { value }, activity, availability };
  }
}

/** What a connection holds, by whatever origin. O(connections of its key). */
function formerOf(
  server: TopicServer,
  { subject, context, resource }: ConnectionSettings["entry"],
): PresenceSnapshot<TopicModel>[] {
  return server.store.snapshots({ subject, context })
    .filter((snapshot) => snapshot.resource === resource);
}
