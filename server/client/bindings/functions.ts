import type { Readable } from "../mod.ts";
import type {
  AnyRoom,
  Form,
  In,
  IsEqual,
  RoomFunctions,
  Selector,
} from "./rooms.ts";

/** An id, or what reads it from a ref or a signal. */
type IdOrGetter = string | (() => string);

/**
 * Makes the functions that all frameworks make in the same way.
 *
 * @param usePart Returns a part of a value in the room, which may depend on an id.
 * @param useAction Returns a function that acts on the room.
 */
export function functionsOf<F extends Form, Id extends IdOrGetter>(
  usePart: <V, T>(
    valueIn: (room: AnyRoom) => Readable<V>,
    selector: Selector<V, T>,
    isEqual: IsEqual<T>,
    id?: Id,
  ) => In<F, T>,
  useAction: <A>(actionIn: (room: () => AnyRoom) => A) => A,
): Omit<RoomFunctions<AnyRoom, F, Id>, "useEvent"> {
  /** Makes a function that returns a value, or a part of it. */
  function parted<V>(valueIn: (room: AnyRoom) => Readable<V>) {
    function use(): In<F, V>;
    function use<T>(selector: Selector<V, T>, isEqual?: IsEqual<T>): In<F, T>;
    function use(
      selector: Selector<V, unknown> = whole,
      isEqual: IsEqual<unknown> = Object.is,
    ): unknown {
      return usePart(valueIn, selector, isEqual);
    }
    return use;
  }

  function usePerson(id: Id): In<F, unknown>;
  function usePerson<T>(
    id: Id,
    selector: Selector<unknown, T>,
    isEqual?: IsEqual<T>,
  ): In<F, T>;
  function usePerson(
    id: Id,
    selector: Selector<unknown, unknown> = whole,
    isEqual: IsEqual<unknown> = Object.is,
  ): unknown {
    return usePart((room) => room.person(keyOf(id)), selector, isEqual, id);
  }

  return {
    useOthers: parted(({ others }) => others),
    useMe: parted(({ me }) => me),
    usePerson,
    useStatus: parted(({ status }) => status),
    useCount: parted((room) =>
      room.select(({ me, others }) =>
        others.length + (room.person(me.id).get() ? 1 : 0)
      )
    ),
    useUpdateMe: () => useAction((room) => (patch) => room().update?.(patch)),
    useBroadcast: () =>
      useAction((room) => (event, payload) => room().broadcast(event, payload)),
  };
}

function keyOf(id: IdOrGetter): string {
  return typeof id === "function" ? id() : id;
}

function whole<V>(value: V): V {
  return value;
}
