import type { JsonObject, JsonValue } from "../internal.ts";
import type { Readable } from "./readable.ts";

/** How a room is, for its user. */
export type RoomStatus =
  /** It was not joined yet. */
  | { readonly type: "connecting" }
  /** It is joined, and shows who is there. */
  | { readonly type: "live" }
  /** The connection is lost: it shows who was there, and joins again. */
  | { readonly type: "reconnecting" }
  /**
   * The service does not let the client in. It is final where the token is refused
   * or the client may not read the room; otherwise, as in a full document, the
   * client tries again after growing pauses.
   */
  | {
    readonly type: "refused";
    readonly reason: string;
    readonly isFinal: boolean;
  }
  /** It was left. */
  | { readonly type: "closed" };

/**
 * All that a room shows, at one moment.
 *
 * @typeParam P What it shows of another person.
 * @typeParam Me What it shows of the own person.
 */
export interface RoomState<P, Me> {
  /** How the room is. */
  readonly status: RoomStatus;
  /**
   * Whether `others` is all who are there. It is not known before the room is
   * joined, while the connection is lost, and from up to 25 seconds after the
   * service was cut off from other servers of its cluster. After a restart of the
   * service, people who have yet to return are shown for up to 35 seconds. A client
   * that joins only then does not know that somebody is missing.
   */
  readonly isComplete: boolean;
  /** Whether the client may be present: otherwise it only watches. */
  readonly mayWrite: boolean;
  /** The own person. */
  readonly me: Me;
  /** All other people, in the order they joined. */
  readonly others: readonly P[];
}

/** Broadcasts: name to payload. */
export interface RoomEvents {
  /** The payload of a broadcast. */
  readonly [name: string]: JsonObject;
}

/** What is sent of a broadcast: a payload may be left out if it may be empty. */
export type Sent<Payload extends JsonObject> = Record<never, JsonValue> extends
  Payload ? [payload?: Payload] : [payload: Payload];

/**
 * A broadcast of somebody in the room.
 *
 * @typeParam Id The ids of people.
 * @typeParam Payload What was sent.
 */
export interface RoomEvent<
  Id extends string = string,
  Payload extends JsonObject = JsonObject,
> {
  /** What was sent. The client does not check its type. */
  readonly payload: Payload;
  /** Who has sent it; `undefined` if it was no member of the room. */
  readonly from: Id | undefined;
}

/**
 * What all rooms have: who is here, and how the room is.
 *
 * @typeParam P What it shows of another person.
 * @typeParam Me What it shows of the own person.
 * @typeParam Id The ids of people.
 * @typeParam Events Its broadcasts.
 */
export interface Room<
  P,
  Me,
  Id extends string = string,
  Events extends RoomEvents = RoomEvents,
> {
  /** The context. */
  readonly context: string;
  /** All that the room shows. */
  readonly state: Readable<RoomState<P, Me>>;
  /** The other people in it, in the order they joined. */
  readonly others: Readable<readonly P[]>;
  /** The own person. */
  readonly me: Readable<Me>;
  /** How it is. */
  readonly status: Readable<RoomStatus>;

  /**
   * Finds a person, also the own one as others see it. O(1).
   *
   * @param id Who it is.
   * @returns The person; `undefined` while they are not there.
   */
  person(id: Id): Readable<P | undefined>;

  /**
   * Selects a part of the state. Its listeners hear of changes of it alone.
   *
   * @param selector Returns the part.
   * @param isEqual Compares two parts: an equal one is no change. By default,
   * only the same value is equal.
   * @returns The part: the same object until it changes.
   */
  select<T>(
    selector: (state: RoomState<P, Me>) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): Readable<T>;

  /**
   * Shows that a key was pressed: the person is editing, until half a second
   * after the last key.
   */
  typed(): void;

  /** Shows the end of typing at once: the text was sent. */
  stoppedTyping(): void;

  /**
   * Sends something to all other connections in the room, the own tabs too, which
   * may see this one. It
   * is not kept for those who come later. By default, the service refuses more
   * than 64 KiB, which `onError` of the client gets.
   *
   * @param event Its name.
   * @param payload Its content.
   * @returns Whether it was sent: not without a connection, nor by a client that
   * may only watch.
   * @throws {InvalidValueError} If the name is one of the protocol, like
   * `update` and all that begin with `presence` or `phx_`.
   */
  broadcast<Name extends string & keyof Events>(
    event: Name,
    ...payload: Sent<Events[Name]>
  ): boolean;

  /**
   * Listens to broadcasts of the others.
   *
   * @param event Their name.
   * @param listener Receives each of them.
   * @returns Ends it.
   */
  on<Name extends string & keyof Events>(
    event: Name,
    listener: (event: RoomEvent<Id, Events[Name]>) => void,
  ): () => void;

  /**
   * Leaves with a goodbye. A caller that has opened the room several times
   * leaves it as often.
   *
   * @returns Resolves when the service knows.
   */
  leave(): Promise<void>;
}
