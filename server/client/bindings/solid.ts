/**
 * Rooms in Solid.
 *
 * @module
 */

import type { JsonObject, Readable, RoomEvent, RoomStatus } from "../mod.ts";
import {
  type AnyRoom,
  enterRoom,
  type IdOf,
  type MeOf,
  type PersonOf,
  type RoomProviderProps,
  type UpdateOf,
} from "./provider.ts";

export type { AnyRoom, IdOf, MeOf, PersonOf, RoomProviderProps, UpdateOf };

/** What the bindings need of Solid: functions that it exports. */
export interface SolidFunctions {
  /** Makes what a component returns. */
  createComponent(component: unknown, props: object): unknown;
  /** Makes a context. */
  createContext<T>(): SolidContext<T>;
  /** Does something in a page, and when a signal changes. */
  createEffect(run: () => void): void;
  /** Makes a signal of other signals. */
  createMemo<T>(
    compute: () => T,
    first?: undefined,
    options?: { equals: (former: T, now: T) => boolean },
  ): () => T;
  /** Makes a signal. */
  createSignal<T>(value: T): [get: () => T, set: (next: () => T) => void];
  /** Does something when the component is removed. */
  onCleanup(run: () => void): void;
  /** Reads signals, and does not follow them. */
  untrack<T>(read: () => T): T;
  /** Reads a context. */
  useContext<T>(context: SolidContext<T>): T | undefined;
}

/** A context of Solid. */
export interface SolidContext<T> {
  /** Gives a value to what is below. */
  readonly Provider: unknown;
  /** What there is without. */
  readonly defaultValue: T | undefined;
}

/** A component and functions for rooms, which return signals. */
export interface SolidBindings<R extends AnyRoom> {
  /**
   * Enters a room once it is in the page, renders its children then, and leaves
   * when it is removed. Another `id` is another room with new children; another
   * \`open\` alone does nothing. On a server it renders nothing.
   */
  RoomProvider(props: RoomProviderProps<R> & { children?: unknown }): null;
  /** Returns the room. */
  useRoom(): R;
  /** Returns all others. */
  useOthers(): () => readonly PersonOf<R>[];
  /**
   * Returns a part of the others, which stays while another is equal. The selector
   * may read signals.
   */
  useOthers<T>(
    selector: (others: readonly PersonOf<R>[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): () => T;
  /** Returns a person; `undefined` while they are not there. */
  usePerson(
    id: IdOf<R> | (() => IdOf<R>),
  ): () => PersonOf<R> | undefined;
  /** Returns the own person. */
  useMe(): () => MeOf<R>;
  /** Returns `LiveRoom.update()`. */
  useUpdateMe(): UpdateOf<R>;
  /** Returns `LiveRoom.broadcast()`. */
  useBroadcast(): (event: string, payload?: JsonObject) => boolean;
  /** Listens to broadcasts until the component is removed. */
  useEvent(event: string, listener: (event: RoomEvent<IdOf<R>>) => void): void;
  /** Returns how the room is. */
  useStatus(): () => RoomStatus;
  /** Returns how many others there are. */
  useCount(): () => number;
}

/**
 * Makes a component and functions for rooms of a type.
 *
 * @param solid Functions of Solid, of version 1. All of Solid works, and is larger.
 * @typeParam R What is opened: a `LiveRoom` of a model, or a `LiveDocument`.
 */
export function createSolidBindings<R extends AnyRoom>(
  solid: SolidFunctions,
): SolidBindings<R>;
export function createSolidBindings(
  solid: SolidFunctions,
): SolidBindings<AnyRoom> {
  const Room = solid.createContext<AnyRoom>();

  // Only Solid's own types know what an element is; `null` is one.
  function RoomProvider(props: Props<AnyRoom>): null;
  function RoomProvider(props: Props<AnyRoom>): unknown {
    const [room, setRoom] = solid.createSignal<AnyRoom | undefined>(undefined);
    const id = solid.createMemo(() => props.id);
    solid.createEffect(() => {
      const now = id();
      const open = () => solid.untrack(() => props.open(now));
      solid.onCleanup(enterRoom(open, (entered) => setRoom(() => entered)));
    });
    return solid.createMemo(() => {
      const value = room();
      if (value === undefined) return undefined;
      return solid.createComponent(Room.Provider, {
        value,
        get children() {
          return props.children;
        },
      });
    });
  }

  function useRoom(): AnyRoom {
    const room = solid.useContext(Room);
    if (room === undefined) throw new Error("There is no RoomProvider above");
    return room;
  }

  function useValue<T>(value: Readable<T>): () => T {
    const [get, set] = solid.createSignal(value.get());
    solid.onCleanup(value.subscribe((now) => set(() => now)));
    return get;
  }

  function useOthers(): () => readonly unknown[];
  function useOthers<T>(
    selector: (others: readonly unknown[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): () => T;
  function useOthers<T>(
    selector?: (others: readonly unknown[]) => T,
    equals: (former: T, now: T) => boolean = Object.is,
  ): () => unknown {
    const others = useValue(useRoom().others);
    if (selector === undefined) return others;
    return solid.createMemo(() => selector(others()), undefined, { equals });
  }

  return {
    RoomProvider,
    useRoom,
    useOthers,
    usePerson(id) {
      const room = useRoom();
      const person = solid.createMemo(() =>
        useValue(room.person(typeof id === "function" ? id() : id))
      );
      return () => person()();
    },
    useMe: () => useValue(useRoom().me),
    useUpdateMe() {
      const room = useRoom();
      return (patch) => room.update?.(patch);
    },
    useBroadcast() {
      const room = useRoom();
      return (event, payload) => room.broadcast(event, payload);
    },
    useEvent(event, listener) {
      solid.onCleanup(useRoom().on(event, listener));
    },
    useStatus: () => useValue(useRoom().status),
    useCount: () => useOthers(({ length }) => length),
  };
}

type Props<R extends AnyRoom> = RoomProviderProps<R> & { children?: unknown };
