/**
 * Rooms in Solid.
 *
 * @module
 */

import { functionsOf } from "./functions.ts";
import { enterRoom, type ParentProps, provided } from "./provider.ts";
import type { AnyRoom, Form, IdOf, RoomFunctions } from "./rooms.ts";

export type { ParentProps, RoomProviderProps } from "./provider.ts";
export type * from "./rooms.ts";

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

/** Solid returns values as signals. */
export interface InSolid extends Form {
  /** The signal. */
  readonly returned: () => this["value"];
}

/** A component and functions for rooms, which return signals. */
export interface SolidBindings<R extends AnyRoom>
  extends RoomFunctions<R, InSolid, IdOf<R> | (() => IdOf<R>)> {
  /**
   * Enters a room once it is in the page, renders its children then, and leaves
   * when it is removed. With another `id` it makes its children anew. On a server
   * it renders nothing.
   */
  RoomProvider(props: ParentProps<R>): null;
  /** Returns the room. */
  useRoom(): R;
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
  const useRoom = () => provided(solid.useContext(Room));

  // Only Solid's own types know what an element is; `null` is one.
  function RoomProvider(props: ParentProps<AnyRoom>): null;
  function RoomProvider(props: ParentProps<AnyRoom>): unknown {
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

  return {
    ...functionsOf<InSolid, string | (() => string)>(
      (valueIn, selector, equals) => {
        const room = useRoom();
        const value = solid.createMemo(() => {
          const now = valueIn(room);
          const [get, set] = solid.createSignal(now.get());
          solid.onCleanup(now.subscribe((next) => set(() => next)));
          return get;
        });
        return solid.createMemo(() => selector(value()()), undefined, {
          equals,
        });
      },
      (actionIn) => {
        const room = useRoom();
        return actionIn(() => room);
      },
    ),
    RoomProvider,
    useRoom,
    useEvent(event, listener) {
      solid.onCleanup(useRoom().on(event, listener));
    },
  };
}
