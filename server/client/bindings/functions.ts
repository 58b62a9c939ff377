import type { Readable } from "../mod.ts";
import type {
  AnyRoom,
  Form,
  In,
  IsEqual,
  RoomFunctions,
  Selector,
} from "./rooms.ts";

/**
 * Makes the functions that all frameworks make in the same way.
 *
 * @param useValue Returns a value of the room.
 * @param usePart Returns a part of the others.
 * @param useAction Returns a function that acts on the room.
 */
export function functionsOf<F extends Form>(
  useValue: <T>(valueIn: (room: AnyRoom) => Readable<T>) => In<F, T>,
  usePart: <T>(selector: Selector<AnyRoom, T>, equal: IsEqual<T>) => In<F, T>,
  useAction: <A>(actionIn: (room: () => AnyRoom) => A) => A,
): Omit<RoomFunctions<AnyRoom, F, never>, "usePerson" | "useEvent"> {
  function useOthers(): In<F, readonly unknown[]>;
  function useOthers<T>(
    selector: Selector<AnyRoom, T>,
    isEqual?: IsEqual<T>,
  ): In<F, T>;
  function useOthers(
    selector?: Selector<AnyRoom, unknown>,
    isEqual: IsEqual<unknown> = Object.is,
  ): unknown {
    return selector
      ? usePart(selector, isEqual)
      : useValue(({ others }) => others);
  }

  return {
    useOthers,
    useMe: () => useValue(({ me }) => me),
    useStatus: () => useValue(({ status }) => status),
    useCount: () => useOthers(({ length }) => length),
    useUpdateMe: () => useAction((room) => (patch) => room().update?.(patch)),
    useBroadcast: () =>
      useAction((room) => (event, payload) => room().broadcast(event, payload)),
  };
}
