/**
 * Rooms in React.
 *
 * @module
 */

import type { JsonObject, Readable, RoomEvent, RoomStatus } from "../mod.ts";
import { select } from "../readable.ts";
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

/** What the bindings need of React: `import * as React from "react"`. */
export interface ReactFunctions {
  /** Makes a context. */
  createContext<T>(value: T): ReactContext<T>;
  /** Makes an element. */
  createElement(type: unknown, props: object): unknown;
  /** Reads a context. */
  useContext<T>(context: ReactContext<T>): T;
  /** Does something after a render. */
  useEffect(effect: () => void | (() => void), on?: readonly unknown[]): void;
  /** Keeps a value until it depends on something else. */
  useMemo<T>(compute: () => T, on: readonly unknown[]): T;
  /** Keeps something, and never renders. */
  useRef<T>(first: T): { current: T };
  /** Keeps a value, and renders when it changes. */
  useState<T>(first: T): readonly [T, (next: T) => void];
  /** Renders when a store changes. */
  useSyncExternalStore<T>(
    subscribe: (onChange: () => void) => () => void,
    get: () => T,
    getOnServer: () => T,
  ): T;
}

/** A context of React. */
export interface ReactContext<T> {
  /** Gives a value to what is below. */
  readonly Provider: (props: { value: T }) => unknown;
}

/** A component and hooks for rooms. */
export interface ReactBindings<R extends AnyRoom> {
  /**
   * Enters a room, renders its children then, and leaves when it is unmounted.
   * Another `id` is another room with new children; another `open` alone does
   * nothing. On a server it renders nothing.
   */
  RoomProvider(props: RoomProviderProps<R> & { children?: unknown }): null;
  /** Returns the room. */
  useRoom(): R;
  /** Returns all others. */
  useOthers(): readonly PersonOf<R>[];
  /** Returns a part of the others, and renders when that is no longer equal. */
  useOthers<T>(
    selector: (others: readonly PersonOf<R>[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): T;
  /** Returns a person; `undefined` while they are not there. */
  usePerson(id: IdOf<R>): PersonOf<R> | undefined;
  /** Returns the own person. */
  useMe(): MeOf<R>;
  /** Returns `LiveRoom.update()`, always the same function. */
  useUpdateMe(): UpdateOf<R>;
  /** Returns `LiveRoom.broadcast()`, always the same function. */
  useBroadcast(): (event: string, payload?: JsonObject) => boolean;
  /** Listens to broadcasts, with the listener of the latest render. */
  useEvent(event: string, listener: (event: RoomEvent<IdOf<R>>) => void): void;
  /** Returns how the room is. */
  useStatus(): RoomStatus;
  /** Returns how many others there are. */
  useCount(): number;
}

/**
 * Makes a component and hooks for rooms of a type.
 *
 * @param react React itself, of version 18 or later.
 * @typeParam R What is opened: a `LiveRoom` of a model, or a `LiveDocument`.
 */
export function createReactBindings<R extends AnyRoom>(
  react: ReactFunctions,
): ReactBindings<R>;
export function createReactBindings(
  react: ReactFunctions,
): ReactBindings<AnyRoom> {
  const Room = react.createContext<AnyRoom | undefined>(undefined);

  // Only React's own types know what an element is; `null` may be one.
  function RoomProvider(props: Props<AnyRoom>): null;
  function RoomProvider(props: Props<AnyRoom>): unknown {
    const { id, open, children } = props;
    const [entered, setEntered] = react.useState<Entered | undefined>(
      undefined,
    );
    react.useEffect(
      () => enterRoom(() => open(id), (room) => setEntered({ id, room })),
      [id],
    );
    if (entered?.id !== id) return null;
    const { room: value } = entered;
    return react.createElement(Room.Provider, { value, children });
  }

  function useRoom(): AnyRoom {
    const room = react.useContext(Room);
    if (room === undefined) throw new Error("There is no RoomProvider above");
    return room;
  }

  function useSelected<S, T>(
    source: Readable<S>,
    selector: (value: S) => T,
    isEqual: (former: T, now: T) => boolean = Object.is,
  ): T {
    // A selector may be new in each render: what it selects stays if it is equal,
    // and so does the subscription.
    const kept = react.useRef<{ readonly part: T } | undefined>(undefined);
    const { get } = react.useMemo(() =>
      select(source, (value) => {
        const part = selector(value);
        const last = kept.current;
        if (last !== undefined && isEqual(last.part, part)) return last.part;
        kept.current = { part };
        return part;
      }), [source, selector, isEqual]);
    const subscribe = react.useMemo(
      () => (onChange: () => void) => source.subscribe(onChange),
      [source],
    );
    return react.useSyncExternalStore(subscribe, get, get);
  }

  const useValue = <T>(value: Readable<T>): T => useSelected(value, itself);

  function useOthers(): readonly unknown[];
  function useOthers<T>(
    selector: (others: readonly unknown[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): T;
  function useOthers(
    selector: (others: readonly unknown[]) => unknown = itself,
    isEqual?: (former: unknown, now: unknown) => boolean,
  ): unknown {
    return useSelected(useRoom().others, selector, isEqual);
  }

  return {
    RoomProvider,
    useRoom,
    useOthers,
    usePerson(id) {
      const room = useRoom();
      return useValue(react.useMemo(() => room.person(id), [room, id]));
    },
    useMe: () => useValue(useRoom().me),
    useUpdateMe() {
      const room = useRoom();
      return react.useMemo(() => (patch) => room.update?.(patch), [room]);
    },
    useBroadcast() {
      const room = useRoom();
      return react.useMemo(
        () => (event, payload) => room.broadcast(event, payload),
        [room],
      );
    },
    useEvent(event, listener) {
      const room = useRoom();
      const latest = react.useRef(listener);
      react.useEffect(() => {
        latest.current = listener;
      });
      react.useEffect(
        () => room.on(event, (told) => latest.current(told)),
        [room, event],
      );
    },
    useStatus: () => useValue(useRoom().status),
    useCount: () => useOthers(({ length }) => length),
  };
}

type Props<R extends AnyRoom> = RoomProviderProps<R> & { children?: unknown };

interface Entered {
  readonly id: string;
  readonly room: AnyRoom;
}

const itself = <T>(value: T): T => value;
