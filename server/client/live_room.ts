import type {
  FacetPatch,
  Facets,
  PresenceModel,
  Visibility,
} from "../../core/mod.ts";
import type { Person } from "./person.ts";
import type { Room, RoomEvents } from "./room.ts";

/** A model whose keys are strings, as they are on a wire. */
export interface LiveModel extends PresenceModel {
  /** The people, bots, devices. */
  subject: string;
  /** The rooms. */
  context: string;
  /** The connections. */
  resource: string;
  /** What has published an entry. */
  origin: string;
  /**
   * The broadcasts: name to type of the payload. A model without them has any. The
   * types are literals or aliases, since TypeScript takes no interface for JSON.
   */
  events: RoomEvents;
}

/** The person of this client, as others see them once updates have arrived. */
export interface Me<M extends LiveModel = LiveModel> {
  /** The subject: a guess until the service has named it. */
  readonly id: M["subject"];
  /** The name of this connection. */
  readonly resource: string;
  /** The facets of this connection. */
  readonly facets: Facets<M>;
  /** Who may see this connection. */
  readonly visibility: Visibility<M["label"]>;
}

/** How any room is opened. */
export interface ActivityOptions {
  /**
   * Whether others see what the person does in the page: idle after 30 seconds
   * without any input, away after five minutes or while the page is hidden.
   *
   * @default {false}
   */
  readonly activity?: boolean | undefined;
}

/** How a room is joined. */
export interface RoomOptions<M extends LiveModel = LiveModel>
  extends ActivityOptions {
  /** The first facets. Without them, the client only watches. */
  readonly facets?: FacetPatch<M> | undefined;
  /**
   * Who may see this connection.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility<M["label"]> | undefined;
}

/**
 * A room: who is here, and oneself among them. Made by `LiveClient.room()`.
 *
 * @typeParam M The application's model.
 */
export interface LiveRoom<M extends LiveModel = LiveModel>
  extends Room<Person<M>, Me<M>, M["subject"], M["events"]> {
  /**
   * Changes the facets of this connection. `me` shows it at once; the others get
   * the latest facets, at most once in `throttleMs`. It survives a lost
   * connection. A client that only watched becomes present.
   *
   * @param patch The facets: a value sets, `null` clears.
   */
  update(patch: FacetPatch<M>): void;

  /**
   * Changes at once who may see this connection.
   *
   * @param visibility Who may.
   */
  setVisibility(visibility: Visibility<M["label"]>): void;
}
