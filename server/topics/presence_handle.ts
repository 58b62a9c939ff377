import { assertNoOtherOptions, assertOptions } from "../../core/assert.ts";
import {
  type Activity,
  type Availability,
  type FacetPatch,
  isActivity,
  isAvailability,
  type Visibility,
} from "../../core/mod.ts";
import type { JsonValue } from "../internal.ts";
import { HeldEntry, type HeldEntrySettings } from "./held_entry.ts";
import { copyJson, type TopicMeta } from "./json_value.ts";
import type { TopicModel, TopicServer } from "./topic_model.ts";

/** The built-in facets that a meta contains. */
export interface LiftedFacets {
  /** What the subject is doing. */
  readonly activity?: Activity | undefined;
  /** Whether the subject can be reached. */
  readonly availability?: Availability | undefined;
}

/**
 * Lifts activity and availability out of a meta. If it throws, or returns
 * values that are malformed, the meta is refused.
 */
export type FacetLifter = (meta: JsonValue) => LiftedFacets;

/**
 * Lifts the fields `activity` and `availability` of a meta, where they have
 * values that the facets of these names can have. Other values of these fields
 * are left to the application.
 *
 * @param meta The meta.
 * @returns The facets.
 *
 * @example Usage
 * ```ts
 * import { liftFacets } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * const meta = { name: "Ada", activity: "editing", availability: "asleep" };
 * assertEquals(liftFacets(meta), { activity: "editing" });
 * ```
 */
export function liftFacets(meta: JsonValue): LiftedFacets {
  if (typeof meta !== "object" || meta === null) return {};
  const fields = new Map<string, JsonValue>(Object.entries(meta));
  const activity = fields.get("activity");
  const availability = fields.get("availability");
  return {
    ...isActivity(activity) ? { activity } : {},
    ...isAvailability(availability) ? { availability } : {},
  };
}

/** What an update may change besides the meta. */
export interface UpdateOptions {
  /**
   * Who may see the connection.
   *
   * @default {as before}
   */
  readonly visibility?: Visibility | undefined;
}

/** How a connection is tracked. */
export interface ConnectionSettings extends HeldEntrySettings {
  /** Who may see it. */
  readonly visibility: Visibility;
  /** Lifts facets out of its metas. */
  readonly lift: FacetLifter;
}

/**
 * A connection of a key in a topic, tracked by `TopicPresence.track()`. It
 * leaves when it is disposed of, or when its time to live is over. A connection
 * that has left does not come back. A handle also ends when another one tracks
 * a connection of the same name.
 *
 * @typeParam Meta The application's type of metas.
 */
export class PresenceHandle<Meta = TopicMeta> implements Disposable {
  readonly #entry: HeldEntry;
  readonly #lift: FacetLifter;
  #visibility: Visibility;
  /** Leaves at once. Later calls do nothing. */
  declare readonly [Symbol.dispose]: () => void;

  /** Tracks a connection with its first meta. */
  constructor(
    server: TopicServer,
    settings: ConnectionSettings,
    meta: Meta,
  ) {
    const { visibility, lift } = settings;
    this[Symbol.dispose] = this.#dispose;
    this.#visibility = visibility;
    this.#lift = lift;
    const facets = this.#facetsOf(meta, "track connection");
    this.#entry = new HeldEntry(server, settings, { facets, visibility });
  }

  /** The topic. */
  get topic(): string {
    return this.#entry.key.context;
  }

  /** The key. */
  get key(): string {
    return this.#entry.key.subject;
  }

  /** The name of the connection: the resource of its entry. */
  get connection(): string {
    return this.#entry.key.resource;
  }

  /** Who may see the connection. */
  get visibility(): Visibility {
    return this.#visibility;
  }

  /** Whether the connection is present and still of this handle. O(1). */
  get isPresent(): boolean {
    return this.#entry.isPresent;
  }

  /**
   * Extends the time to live. It causes no event. O(1).
   *
   * @returns Whether the connection is still present.
   */
  refresh(): boolean {
    return this.#publishIfPresent({}, this.#visibility);
  }

  /**
   * Replaces the meta and extends the time to live. A meta that equals the
   * former one causes no event.
   *
   * @param meta The whole new meta; it is copied.
   * @param options What else changes.
   * @returns Whether the connection is still present.
   * @throws {InvalidValueError} If the meta is not a JSON value, or the facets
   * that are lifted from it are malformed. Then nothing has changed.
   */
  update(meta: Meta, options: UpdateOptions = {}): boolean {
    assertOptions(options, "update connection");
    const { visibility = this.#visibility, ...others } = options;
    assertNoOtherOptions(others, "update connection");
    const facets = this.#facetsOf(meta, "update connection");
    return this.#publishIfPresent(facets, visibility);
  }

  #dispose(): void {
    this.#entry.withdraw();
  }

  #publishIfPresent(
    facets: FacetPatch<TopicModel>,
    visibility: Visibility,
  ): boolean {
    const isPresent = this.#entry.publish({ facets, visibility });
    if (isPresent) this.#visibility = visibility;
    return isPresent;
  }

  #facetsOf(meta: Meta, action: string): FacetPatch<TopicModel> {
    const value = copyJson(meta, "meta", action);
    const { activity = null, availability = null } = this.#lift(value);
    return { meta: { value }, activity, availability };
  }
}
