import type { Room } from "../mod.ts";

/** A room of any kind: a `LiveRoom`, a `LiveDocument`. */
export interface AnyRoom extends Room<unknown, unknown> {
  /** Changes the own facets, where people have facets. */
  update?(patch: never): void;
}

/** Another person in a room. */
export type PersonOf<R> = R extends Room<infer P, infer _Me, infer _Id> ? P
  : never;

/** The own person in a room. */
export type MeOf<R> = R extends Room<infer _P, infer Me, infer _Id> ? Me
  : never;

/** The id of a person in a room. */
export type IdOf<R> = R extends Room<infer _P, infer _Me, infer Id> ? Id
  : never;

/** A function that changes the own facets, in rooms where people have some. */
export type UpdateOf<R> = "update" extends keyof R
  ? R extends { update?(patch: infer Patch): void } ? (patch: Patch) => void
  : never
  : never;

/** Which room is entered, and how. */
export interface RoomProviderProps<R extends AnyRoom> {
  /** The id of the room. */
  readonly id: string;
  /** Enters it, with `LiveClient.room()` or `document()`. */
  readonly open: (id: string) => R;
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
