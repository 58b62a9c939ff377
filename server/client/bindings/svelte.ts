/**
 * Rooms in Svelte.
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
  type UpdateOf,
} from "./provider.ts";

export type { AnyRoom, IdOf, MeOf, PersonOf, UpdateOf };

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

/** Functions for rooms, which return stores. Call them when a component is made. */
export interface SvelteBindings<R extends AnyRoom> {
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
  /** Returns all others. */
  useOthers(): Store<readonly PersonOf<R>[]>;
  /** Returns a part of the others, which stays while another is equal. */
  useOthers<T>(
    selector: (others: readonly PersonOf<R>[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): Store<T>;
  /** Returns a person; `undefined` while they are not there. */
  usePerson(id: IdOf<R>): Store<PersonOf<R> | undefined>;
  /** Returns the own person. */
  useMe(): Store<MeOf<R>>;
  /** Returns `LiveRoom.update()`. */
  useUpdateMe(): UpdateOf<R>;
  /** Returns `LiveRoom.broadcast()`. */
  useBroadcast(): (event: string, payload?: JsonObject) => boolean;
  /** Listens to broadcasts until the component is removed. */
  useEvent(event: string, listener: (event: RoomEvent<IdOf<R>>) => void): void;
  /** Returns how the room is. */
  useStatus(): Store<RoomStatus>;
  /** Returns how many others there are. */
  useCount(): Store<number>;
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

  function useOthers(): Store<readonly unknown[]>;
  function useOthers<T>(
    selector: (others: readonly unknown[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): Store<T>;
  function useOthers(
    selector: (others: readonly unknown[]) => unknown = (others) => others,
    isEqual?: (former: unknown, now: unknown) => boolean,
  ): Store<unknown> {
    const room = useRoom();
    return storeOf(room.select(({ others }) => selector(others), isEqual));
  }

  return {
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
    useOthers,
    usePerson: (id) => storeOf(useRoom().person(id)),
    useMe: () => storeOf(useRoom().me),
    useUpdateMe() {
      const room = useRoom();
      return (patch) => room.update?.(patch);
    },
    useBroadcast() {
      const room = useRoom();
      return (event, payload) => room.broadcast(event, payload);
    },
    useEvent(event, listener) {
      const room = useRoom();
      svelte.onMount(() => room.on(event, listener));
    },
    useStatus: () => storeOf(useRoom().status),
    useCount: () => useOthers(({ length }) => length),
  };
}

function storeOf<T>(value: Readable<T>): Store<T> {
  return {
    subscribe(listener) {
      listener(value.get());
      return value.subscribe(listener);
    },
  };
}
