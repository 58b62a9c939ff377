/**
 * Rooms in Svelte.
 *
 * @module
 */

import type { Readable } from "../mod.ts";
import { functionsOf } from "./functions.ts";
import { enterRoom } from "./provider.ts";
import type {
  AnyRoom,
  Form,
  IdOf,
  IsEqual,
  RoomFunctions,
  Selector,
} from "./rooms.ts";

export type * from "./rooms.ts";

/** What the bindings need of Svelte: functions that it exports. */
export interface SvelteFunctions {
  /** Reads a context. */
  getContext<T>(key: unknown): T;
  /** Does something when the component is in the page, and when it is removed. */
  onMount(run: () => () => void): void;
  /** Gives something to what is below. */
  setContext<T>(key: unknown, value: T): T;
}

/** A store: `$store` is its value. */
export interface Store<T> {
  /**
   * Calls a listener at once, and after each change.
   *
   * @returns Ends it.
   */
  subscribe(listener: (value: T) => void): () => void;
}

/** Svelte returns values as stores. */
export interface InSvelte extends Form {
  /** The store. */
  readonly returned: Store<this["value"]>;
}

/** Functions for rooms, which return stores. Call them when a component is made. */
export interface SvelteBindings<R extends AnyRoom>
  extends RoomFunctions<R, InSvelte, IdOf<R>> {
  /**
   * Enters a room when the component is mounted, for it and what is below, and
   * leaves when it is removed. For another room, `{#key}` makes it anew.
   *
   * @param open Enters it, with `LiveClient.room()` or `document()`.
   * @returns The room; `undefined` until it is entered, and on a server. Render what
   * calls the other functions within `{#if $room}`.
   */
  provideRoom(open: () => R): Store<R | undefined>;
  /** Returns the room. */
  useRoom(): R;
}

/**
 * Makes functions for rooms of a type.
 *
 * @param svelte Functions of Svelte, of version 5.
 * @typeParam R What is opened: a `LiveRoom` of a model, or a `LiveDocument`.
 */
export function createSvelteBindings<R extends AnyRoom>(
  svelte: SvelteFunctions,
): SvelteBindings<R>;
export function createSvelteBindings(
  svelte: SvelteFunctions,
): SvelteBindings<AnyRoom> {
  const key = Symbol("room");

  function useRoom(): AnyRoom {
    const room = svelte.getContext<(() => AnyRoom | undefined) | undefined>(
      key,
    )?.();
    if (room !== undefined) return room;
    throw new Error("There is no room: render this within {#if $room}");
  }

  return {
    ...functionsOf<InSvelte, string>(
      (valueIn, selector, isEqual) =>
        storeOf(valueIn(useRoom()), selector, isEqual),
      (actionIn) => {
        const room = useRoom();
        return actionIn(() => room);
      },
    ),
    provideRoom(open) {
      const listeners = new Set<(room: AnyRoom | undefined) => void>();
      let room: AnyRoom | undefined;
      svelte.setContext(key, () => room);
      svelte.onMount(() =>
        enterRoom(open, (entered) => {
          room = entered;
          for (const listener of listeners) listener(room);
        })
      );
      return {
        subscribe(listener) {
          listeners.add(listener);
          listener(room);
          return () => listeners.delete(listener);
        },
      };
    },
    useRoom,
    useEvent(event, listener) {
      const room = useRoom();
      svelte.onMount(() => room.on(event, listener));
    },
  };
}

function storeOf<V, T>(
  value: Readable<V>,
  selector: Selector<V, T>,
  isEqual: IsEqual<T>,
): Store<T> {
  return {
    subscribe(listener) {
      let part = selector(value.get());
      listener(part);
      return value.subscribe((next) => {
        const now = selector(next);
        if (!isEqual(part, now)) listener(part = now);
      });
    },
  };
}
