/**
 * Rooms in React.
 *
 * @module
 */

import type { Readable } from "../mod.ts";
import { select } from "../readable.ts";
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

  function useReadable<T>(value: Readable<T>, from: Readable<unknown> = value) {
    const subscribe = react.useMemo(() => from.subscribe.bind(from), [from]);
    const get = () => value.get();
    return react.useSyncExternalStore(subscribe, get, get);
  }

  return {
    ...functionsOf<InReact>(
      (valueIn) => useReadable(valueIn(useRoom())),
      (selector, isEqual) => {
        const { others } = useRoom();
        const kept = react.useRef<ReturnType<typeof selector> | undefined>(
          undefined,
        );
        // With a new selector, what is equal stays, and so does the subscription.
        const part = react.useMemo(() =>
          select(others, (all) => {
            const [former, now] = [kept.current, selector(all)];
            const isSame = former !== undefined && isEqual(former, now);
            return kept.current = isSame ? former : now;
          }), [others, selector, isEqual]);
        return useReadable(part, others);
      },
      (actionIn) => {
        const room = useRoom();
        return react.useMemo(() => actionIn(() => room), [room]);
      },
    ),
    RoomProvider,
    useRoom,
    usePerson(id) {
      const room = useRoom();
      return useReadable(react.useMemo(() => room.person(id), [room, id]));
    },
    useEvent(event, listener) {
      const room = useRoom();
      react.useEffect(() => room.on(event, listener), [room, event, listener]);
    },
  };
}
