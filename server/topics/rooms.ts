import type { CursorPosition } from "../../store/mod.ts";
import { Room } from "./room.ts";
import type { TopicServer } from "./topic_model.ts";

/** The rooms that have readers. */
export class Rooms {
  readonly #server: TopicServer;
  readonly #rooms = new Map<string, Room>();

  /** Makes rooms of a server's topics. */
  constructor(server: TopicServer) {
    this.#server = server;
  }

  /** The room of a topic, which opens with its first reader. */
  of(topic: string): Room {
    let room = this.#rooms.get(topic);
    if (room === undefined) {
      room = new Room(
        this.#server,
        topic,
        () => this.#rooms.delete(topic),
      );
      this.#rooms.set(topic, room);
    }
    return room;
  }

  /** Up to which change a reader of a topic is told that begins now. */
  positionOf(topic: string): CursorPosition {
    const { epoch, lastSequence: sequence } = this.#server.store;
    return this.#rooms.get(topic)?.position ?? { epoch, sequence };
  }
}
