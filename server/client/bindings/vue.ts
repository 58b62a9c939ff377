/**
 * Rooms in Vue.
 *
 * @module
 */

import { functionsOf } from "./functions.ts";
import { enterRoom, provided, type RoomProviderProps } from "./provider.ts";
import type { AnyRoom, Form, IdOf, RoomFunctions } from "./rooms.ts";

export type { RoomProviderProps } from "./provider.ts";
export type * from "./rooms.ts";

/** A ref of Vue, as far as the bindings know it. */
export type AnyRef = { readonly value: unknown };

/** A ref `R` with a value of a type. */
export type RefOf<R extends AnyRef, T> = Omit<R, "value"> & { value: T };

/** Vue returns values as refs. */
export interface InVue<R extends AnyRef> extends Form {
  /** The ref. */
  readonly returned: RefOf<R, this["value"]>;
}

/** What the bindings need of Vue: functions that it exports. */
export interface VueFunctions<R extends AnyRef = AnyRef> {
  /** Makes a ref of other refs. */
  computed<T>(compute: (former?: T) => T): RefOf<R, T>;
  /** Makes a component. */
  defineComponent<P extends object>(
    setup: (props: P, context: { slots: Slots }) => () => null,
    options: { props: (keyof P)[] },
  ): VueComponent<P>;
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
    run: (value: T, former: unknown, onCleanup: OnCleanup) => void,
    options: { immediate: true },
  ): unknown;
}

/** Does something before the next change, and when the component is unmounted. */
export type OnCleanup = (clean: () => void) => void;

/** A component of Vue with props of a type. */
export type VueComponent<P> = new (props: P) => { $props: P; $slots: Slots };

/** The slots of a component, of which one draws what is within it. */
export type Slots = { readonly default?: () => unknown };

/** A component and composables for rooms. */
export interface VueBindings<R extends AnyRoom, V extends AnyRef = AnyRef>
  extends RoomFunctions<R, InVue<V>, IdOf<R> | (() => IdOf<R>)> {
  /**
   * Enters a room when it is mounted, renders its slot then, and leaves when it is
   * unmounted. With another `id`, what the composables return is of that room. On a
   * server it renders nothing.
   */
  readonly RoomProvider: VueComponent<RoomProviderProps<R>>;
  /** Returns the room. */
  useRoom(): RefOf<V, R>;
}

/**
 * Makes a component and composables for rooms of a type.
 *
 * @param vue Functions of Vue, from version 3.4. All of Vue works, and is much
 * larger.
 * @typeParam R What is opened: a `LiveRoom` of a model, or a `LiveDocument`.
 * @typeParam V `Ref` of Vue, so that the types of templates know the refs.
 */
export function createVueBindings<R extends AnyRoom, V extends AnyRef = AnyRef>(
  vue: VueFunctions<V>,
): VueBindings<R, V>;
export function createVueBindings<V extends AnyRef>(
  vue: VueFunctions<V>,
): VueBindings<AnyRoom, V> {
  const key = Symbol("room");
  const useRoom = () => provided(vue.inject<RefOf<V, AnyRoom>>(key));

  /** Starts something now, and anew when a source changes; ends it before that. */
  function follow<T>(source: () => T, start: (value: T) => () => void) {
    const restart = (value: T, _former: unknown, onCleanup: OnCleanup) =>
      onCleanup(start(value));
    vue.watch(source, restart, { immediate: true });
  }

  const RoomProvider = vue.defineComponent<RoomProviderProps<AnyRoom>>(
    (props, { slots }) => {
      const room = vue.shallowRef<AnyRoom | undefined>(undefined);
      const enter = (id: string) =>
        enterRoom(() => props.open(id), (entered) => room.value = entered);
      vue.provide(key, room);
      vue.onMounted(() => follow(() => props.id, enter));
      // Only Vue's own types know what a node is; `null` is one.
      function render(): null;
      function render(): unknown {
        return room.value === undefined ? null : slots.default?.();
      }
      return render;
    },
    { props: ["id", "open"] },
  );

  return {
    ...functionsOf<InVue<V>, string | (() => string)>(
      (valueIn, selector, isEqual) => {
        const room = useRoom();
        const all = vue.shallowRef(valueIn(room.value).get());
        follow(() => valueIn(room.value), (value) => {
          all.value = value.get();
          return value.subscribe((now) => all.value = now);
        });
        return vue.computed((former) => {
          const part = selector(all.value);
          return former !== undefined && isEqual(former, part) ? former : part;
        });
      },
      (actionIn) => {
        const room = useRoom();
        return actionIn(() => room.value);
      },
    ),
    RoomProvider,
    useRoom,
    useEvent(event, listener) {
      const room = useRoom();
      follow(() => room.value, (room) => room.on(event, listener));
    },
  };
}
