/**
 * Rooms in React.
 *
 * @module
 */

import { functionsOf } from "./functions.ts";
import { enterRoom, type ParentProps, provided } from "./provider.ts";
import type { AnyRoom, Form, IdOf, RoomFunctions } from "./rooms.ts";

export type { ParentProps, RoomProviderProps } from "./provider.ts";
export type * from "./rooms.ts";

/** What the bindings need of React: `import * as React from "react"`. */
export interface ReactFunctions {
  /** Makes a context. */
  createContext<T>(value: T): ReactContext<T>;
  /** Makes an element. */
  createElement(type: unknown, props: object): unknown;
  /** Reads a context. */
  useContext<T>(context: ReactContext<T>): T;
  /** Does something after a render. */
  useEffect(effect: () => () => void, on: readonly unknown[]): void;
  /** Keeps a value until it depends on something else. */
  useMemo<T>(compute: () => T, on: readonly unknown[]): T;
  /** Keeps something, and never renders. */
  useRef<T>(first: T): { current: T };
  /** Keeps a value, and renders when it changes. */
  useState<T>(): readonly [T | undefined, (next: T) => void];
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

/** A part of a value: of which one, and selected by what. */
interface Kept<T> {
  readonly from: unknown;
  readonly by: unknown;
  readonly part: T;
}

/** React returns values as they are. */
export interface InReact extends Form {
  /** The value. */
  readonly returned: this["value"];
}

/** A component and hooks for rooms. */
export interface ReactBindings<R extends AnyRoom>
  extends RoomFunctions<R, InReact, IdOf<R>> {
  /**
   * Enters a room, renders its children then, and leaves when it is unmounted. With
   * another `id` it makes its children anew. On a server it renders nothing.
   */
  RoomProvider(props: ParentProps<R>): null;
  /** Returns the room. */
  useRoom(): R;
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
  const useRoom = () => provided(react.useContext(Room));

  // Only React's own types know what an element is; `null` may be one.
  function RoomProvider(props: ParentProps<AnyRoom>): null;
  function RoomProvider({ id, open, children }: ParentProps<AnyRoom>): unknown {
    const [entered, set] = react.useState<{ id: string; room: AnyRoom }>();
    const show = (room: AnyRoom) => set({ id, room });
    react.useEffect(() => enterRoom(() => open(id), show), [id]);
    if (entered?.id !== id) return null;
    const { room: value } = entered;
    return react.createElement(Room.Provider, { value, children });
  }

  return {
    ...functionsOf<InReact, string>(
      (valueIn, selector, isEqual, id) => {
        const room = useRoom();
        const value = react.useMemo(() => valueIn(room), [room, id]);
        const subscribe = react.useMemo(
          () => value.subscribe.bind(value),
          [value],
        );
        const kept = react.useRef<
          Kept<ReturnType<typeof selector>> | undefined
        >(undefined);
        // What is equal stays, also for a new selector.
        const get = () => {
          const from = value.get();
          const { current } = kept;
          if (current && current.from === from && current.by === selector) {
            return current.part;
          }
          const now = selector(from);
          const isSame = current && isEqual(current.part, now);
          const part = isSame ? current.part : now;
          kept.current = { from, by: selector, part };
          return part;
        };
        return react.useSyncExternalStore(subscribe, get, get);
      },
      (actionIn) => {
        const room = useRoom();
        return react.useMemo(() => actionIn(() => room), [room]);
      },
    ),
    RoomProvider,
    useRoom,
    useEvent(event, listener) {
      const room = useRoom();
      react.useEffect(() => room.on(event, listener), [room, event, listener]);
    },
  };
}
