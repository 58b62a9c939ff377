/**
 * Rooms in Vue.
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

/** A ref of Vue, as far as the bindings know it. */
export interface AnyRef {
  /** Its value. */
  readonly value: unknown;
}

/** A ref `R` with a value of a type. */
export type RefOf<R extends AnyRef, T> = Omit<R, "value"> & { value: T };

/** What the bindings need of Vue: functions that it exports. */
export interface VueFunctions<R extends AnyRef = AnyRef> {
  /** Makes a ref of other refs. */
  computed<T>(compute: (former?: T) => T): RefOf<R, T>;
  /** Makes a component. */
  defineComponent<P extends object>(
    setup: (props: P, context: { slots: Slots }) => () => null,
    options: { props: (keyof P)[] },
  ): new (props: P) => { $props: P; $slots: Slots };
  /** Reads what is provided above. */
  inject<T>(key: symbol): T | undefined;
  /** Does something when the component is in the page. */
  onMounted(run: () => void): void;
  /** Provides something to what is below. */
  provide(key: symbol, value: unknown): void;
  /** Makes a ref. */
  shallowRef<T>(value: T): RefOf<R, T>;
  /** Does something now, and when a source changes. */
  watch<T>(
    source: () => T,
    run: (
      value: T,
      former: unknown,
      onCleanup: (clean: () => void) => void,
    ) => void,
    options: { immediate: true },
  ): unknown;
}

/** The slots of a component. */
export interface Slots {
  /** Draws what is within it. */
  readonly default?: () => unknown;
}

/** A component and composables for rooms. */
export interface VueBindings<
  R extends AnyRoom,
  V extends AnyRef = AnyRef,
> {
  /**
   * Enters a room when it is mounted, renders its slot then, and leaves when it is
   * unmounted. With another `id`, what the composables return is of that room;
   * another `open` alone does nothing. On a server it renders nothing.
   */
  readonly RoomProvider: new (props: RoomProviderProps<R>) => {
    $props: RoomProviderProps<R>;
    $slots: Slots;
  };
  /** Returns the room. */
  useRoom(): RefOf<V, R>;
  /** Returns all others. */
  useOthers(): RefOf<V, readonly PersonOf<R>[]>;
  /**
   * Returns a part of the others, which stays while another is equal. The selector
   * may read refs.
   */
  useOthers<T>(
    selector: (others: readonly PersonOf<R>[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): RefOf<V, T>;
  /** Returns a person; `undefined` while they are not there. */
  usePerson(
    id: IdOf<R> | (() => IdOf<R>),
  ): RefOf<V, PersonOf<R> | undefined>;
  /** Returns the own person. */
  useMe(): RefOf<V, MeOf<R>>;
  /** Returns `LiveRoom.update()`. */
  useUpdateMe(): UpdateOf<R>;
  /** Returns `LiveRoom.broadcast()`. */
  useBroadcast(): (event: string, payload?: JsonObject) => boolean;
  /** Listens to broadcasts until the component is unmounted. */
  useEvent(event: string, listener: (event: RoomEvent<IdOf<R>>) => void): void;
  /** Returns how the room is. */
  useStatus(): RefOf<V, RoomStatus>;
  /** Returns how many others there are. */
  useCount(): RefOf<V, number>;
}

/**
 * Makes a component and composables for rooms of a type.
 *
 * @param vue Functions of Vue, of version 3. All of Vue works, and is much larger.
 * @typeParam R What is opened: a `LiveRoom` of a model, or a `LiveDocument`.
 * @typeParam V `Ref` of Vue, so that the types of templates know the refs.
 */
export function createVueBindings<
  R extends AnyRoom,
  V extends AnyRef = AnyRef,
>(vue: VueFunctions<V>): VueBindings<R, V>;
export function createVueBindings<V extends AnyRef>(
  vue: VueFunctions<V>,
): VueBindings<AnyRoom, V> {
  const key = Symbol("room");

  const RoomProvider = vue.defineComponent<RoomProviderProps<AnyRoom>>(
    (props, { slots }) => {
      const room = vue.shallowRef<AnyRoom | undefined>(undefined);
      vue.provide(key, room);
      vue.onMounted(() => {
        vue.watch(
          () => props.id,
          (id, _former, onCleanup) =>
            onCleanup(
              enterRoom(() => props.open(id), (now) => room.value = now),
            ),
          { immediate: true },
        );
      });
      // Only Vue's own types know what a node is; `null` is one.
      function render(): null;
      function render(): unknown {
        return room.value === undefined ? null : slots.default?.();
      }
      return render;
    },
    { props: ["id", "open"] },
  );

  function useRoom(): RefOf<V, AnyRoom> {
    const room = vue.inject<RefOf<V, AnyRoom>>(key);
    if (room === undefined) throw new Error("There is no RoomProvider above");
    return room;
  }

  function useValue<T>(valueIn: (room: AnyRoom) => Readable<T>) {
    const room = useRoom();
    const ref = vue.shallowRef(valueIn(room.value).get());
    vue.watch(
      () => valueIn(room.value),
      (value, _former, onCleanup) => {
        ref.value = value.get();
        onCleanup(value.subscribe((now) => ref.value = now));
      },
      { immediate: true },
    );
    return ref;
  }

  function useOthers(): RefOf<V, readonly unknown[]>;
  function useOthers<T>(
    selector: (others: readonly unknown[]) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): RefOf<V, T>;
  function useOthers<T>(
    selector?: (others: readonly unknown[]) => T,
    isEqual: (former: T, now: T) => boolean = Object.is,
  ): RefOf<V, unknown> {
    const others = useValue((room) => room.others);
    if (selector === undefined) return others;
    return vue.computed<T>((former) => {
      const part = selector(others.value);
      return former !== undefined && isEqual(former, part) ? former : part;
    });
  }

  return {
    RoomProvider,
    useRoom,
    useOthers,
    usePerson: (id) =>
      useValue((room) => room.person(typeof id === "function" ? id() : id)),
    useMe: () => useValue((room) => room.me),
    useUpdateMe() {
      const room = useRoom();
      return (patch) => room.value.update?.(patch);
    },
    useBroadcast() {
      const room = useRoom();
      return (event, payload) => room.value.broadcast(event, payload);
    },
    useEvent(event, listener) {
      const room = useRoom();
      vue.watch(
        () => room.value,
        (room, _former, onCleanup) => onCleanup(room.on(event, listener)),
        { immediate: true },
      );
    },
    useStatus: () => useValue((room) => room.status),
    useCount: () => useOthers(({ length }) => length),
  };
}
