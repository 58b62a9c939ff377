import type {
  FacetPatch,
  Facets,
  PresenceModel,
  Visibility,
} from "../../core/mod.ts";
import type { JsonObject } from "../internal.ts";
import type { Person } from "./person.ts";
import type { Readable } from "./readable.ts";

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
}

/** How a room is, for its user. */
export type RoomStatus =
  /** It was not joined yet. */
  | { readonly type: "connecting" }
  /** It is joined, and shows who is there. */
  | { readonly type: "live" }
  /** The connection is lost: it shows who was there, and joins again. */
  | { readonly type: "reconnecting" }
  /**
   * The service does not let the client in. A client whose token is refused no
   * longer tries, and neither does a room that it may not read.
   */
  | { readonly type: "refused"; readonly reason: string }
  /** It was left. */
  | { readonly type: "closed" };

/** The person of this client, as others see them once updates have arrived. */
export interface Me<M extends LiveModel = LiveModel> {
  /** The subject; `undefined` until the service has named it. */
  readonly id: M["subject"] | undefined;
  /** The name of this connection. */
  readonly resource: string;
  /** The facets of this connection. */
  readonly facets: Facets<M>;
  /** Who may see this connection. */
  readonly visibility: Visibility<M["label"]>;
}

/** All that a room shows, at one moment. */
export interface RoomState<M extends LiveModel = LiveModel> {
  /** How the room is. */
  readonly status: RoomStatus;
  /** The own person. */
  readonly me: Me<M>;
  /** All other people, in the order they joined. */
  readonly others: readonly Person<M>[];
}

/** How a room is joined. */
export interface RoomOptions<M extends LiveModel = LiveModel> {
  /** The first facets. Without them, the client only watches. */
  readonly facets?: FacetPatch<M> | undefined;
  /**
   * Who may see this connection.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility<M["label"]> | undefined;
}

/** A broadcast of somebody in the room. */
export interface RoomEvent<M extends LiveModel = LiveModel> {
  /** What was sent. */
  readonly payload: JsonObject;
  /** Who has sent it; `undefined` if it was no member of the room. */
  readonly from: M["subject"] | undefined;
}

/**
 * A room: who is here, and oneself among them. Made by `LiveClient.room()`.
 *
 * @typeParam M The application's model.
 */
export interface LiveRoom<M extends LiveModel = LiveModel> {
  /** The context. */
  readonly context: M["context"];
  /** All that the room shows. */
  readonly state: Readable<RoomState<M>>;
  /** The other people in it, in the order they joined. */
  readonly others: Readable<readonly Person<M>[]>;
  /** The own person. */
  readonly me: Readable<Me<M>>;
  /** How it is. */
  readonly status: Readable<RoomStatus>;

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

  /**
   * Selects a part of the state. Its listeners hear of changes of it alone.
   *
   * @param selector Returns the part.
   * @param isEqual Compares two parts: an equal one is no change. By default,
   * only the same value is equal.
   * @returns The part: the same object until it changes.
   */
  select<T>(
    selector: (state: RoomState<M>) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): Readable<T>;

  /**
   * Sends something to all others in the room who may see this connection. It
   * is not kept for those who come later.
   *
   * @param event Its name.
   * @param payload Its content.
   * @returns Whether it was sent: not without a connection.
   * @throws {InvalidValueError} If the name is one of the protocol, like
   * `update` and all that begin with `presence` or `phx_`.
   */
  broadcast(event: string, payload?: JsonObject): boolean;

  /**
   * Listens to broadcasts of the others.
   *
   * @param event Their name.
   * @param listener Receives each of them.
   * @returns Ends it.
   */
  on(event: string, listener: (event: RoomEvent<M>) => void): () => void;

  /**
   * Leaves with a goodbye. Who has called `room()` several times for one context
   * leaves as often.
   *
   * @returns Resolves when the service knows.
   */
  leave(): Promise<void>;
}
