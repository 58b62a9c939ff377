import type { AnyRoom } from "./rooms.ts";

/** Which room is entered, and how. */
export interface RoomProviderProps<R extends AnyRoom> {
  /** The id of the room: another id is another room. */
  readonly id: string;
  /**
   * Enters it, with `LiveClient.room()` or `document()`. Another function alone
   * does nothing.
   */
  readonly open: (id: string) => R;
}

/** Which room is entered, how, and for what. */
export interface ParentProps<R extends AnyRoom> extends RoomProviderProps<R> {
  /** What is rendered in the room. */
  readonly children?: unknown;
}

/**
 * Enters a room.
 *
 * @returns Leaves it soon: who enters it again at once, as StrictMode of React or
 * the next page of an application does, was never away.
 */
export function enterRoom<R extends AnyRoom>(
  open: () => R,
  show: (room: R) => void,
): () => void {
  const room = open();
  show(room);
  return () => queueMicrotask(() => room.leave());
}

/** Returns the room that a provider above has given, or a ref of it. */
export function provided<T>(room: T | undefined): T {
  if (room === undefined) throw new Error("There is no RoomProvider above");
  return room;
}
