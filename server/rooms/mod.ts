/**
 * What all readers of one context share, for topics and documents. The package
 * does not export it.
 *
 * @module
 */

export {
  BoundedListening,
  type Listener,
  type Listening,
  ListeningTally,
} from "./listening.ts";
export { mirrorOf } from "./mirror.ts";
export { Reader } from "./reader.ts";
export { Room, type RoomMember, Rooms, type Seat } from "./room.ts";
