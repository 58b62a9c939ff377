import type {
  LiveRoom,
  Room,
  RoomEvent,
  RoomEvents,
  RoomStatus,
} from "../mod.ts";

/** A room of any kind: a `LiveRoom`, a `LiveDocument`. */
export interface AnyRoom extends Room<unknown, { readonly id: string }> {
  /** Changes the own facets, where people have facets. */
  update?(patch: never): void;
}

/** Another person in a room. */
export type PersonOf<R> = R extends Room<infer P, infer _Me, infer _Id> ? P
  : never;

/** The own person in a room. */
export type MeOf<R> = R extends Room<infer _P, infer Me, infer _Id> ? Me
  : never;

/** The id of a person in a room. */
export type IdOf<R> = R extends Room<infer _P, infer _Me, infer Id> ? Id
  : never;

/** A function that changes the own facets, in rooms where people have some. */
export type UpdateOf<R> = "update" extends keyof R
  ? R extends { update?(patch: infer Patch): void } ? (patch: Patch) => void
  : never
  : never;

/** The broadcasts in a room: name to payload. */
export type EventsOf<R> = R extends LiveRoom<infer M> ? M["events"]
  : RoomEvents;

/** Returns a part of a value. */
export type Selector<V, T> = (value: V) => T;

/** Compares two parts: the former one stays while the next one is equal. */
export type IsEqual<T> = (former: T, now: T) => boolean;

/** The form in which a framework returns values: as a ref, a signal, a store. */
export interface Form {
  /** The value. */
  readonly value: unknown;
  /** What is returned, which has this value. */
  readonly returned: unknown;
}

/** A value of a type in a form. */
export type In<F extends Form, T> = (F & { readonly value: T })["returned"];

/**
 * What the bindings of all frameworks have. Call these functions where the framework
 * allows it, below a room: elsewhere they throw.
 *
 * @typeParam R A type of rooms.
 * @typeParam F The form in which the framework returns values.
 * @typeParam Id What it takes as the id of a person.
 */
export interface RoomFunctions<R extends AnyRoom, F extends Form, Id> {
  /** Returns all others. */
  useOthers(): In<F, readonly PersonOf<R>[]>;
  /**
   * Returns a part of the others, which changes when it is no longer equal. In Vue
   * and Solid, a selector may read refs and signals.
   */
  useOthers<T>(
    selector: Selector<readonly PersonOf<R>[], T>,
    isEqual?: IsEqual<T>,
  ): In<F, T>;
  /** Returns a person; `undefined` while they are not there. */
  usePerson(id: Id): In<F, PersonOf<R> | undefined>;
  /** Returns a part of a person, who is `undefined` while not there. */
  usePerson<T>(
    id: Id,
    selector: Selector<PersonOf<R> | undefined, T>,
    isEqual?: IsEqual<T>,
  ): In<F, T>;
  /** Returns the own person. */
  useMe(): In<F, MeOf<R>>;
  /** Returns a part of the own person. */
  useMe<T>(selector: Selector<MeOf<R>, T>, isEqual?: IsEqual<T>): In<F, T>;
  /** Returns how the room is. */
  useStatus(): In<F, RoomStatus>;
  /**
   * Returns how many people are here: all others, and oneself while one is present,
   * also if the others may not see it. Several tabs of a person count once, and who
   * only watches does not count. It is 0 until the room is live.
   */
  useCount(): In<F, number>;
  /** Returns `LiveRoom.update()`: the same function in all renders of React. */
  useUpdateMe(): UpdateOf<R>;
  /** Returns `LiveRoom.broadcast()`: the same function in all renders of React. */
  useBroadcast(): R["broadcast"];
  /**
   * Listens to broadcasts until the component is removed. In React, the listener is
   * that of the latest render.
   */
  useEvent<Name extends string & keyof EventsOf<R>>(
    event: Name,
    listener: (event: RoomEvent<IdOf<R>, EventsOf<R>[Name]>) => void,
  ): void;
}
