/** A socket, as far as a fan-out needs it. */
export interface FanOutSocket {
  /** As of a `WebSocket`. */
  readonly readyState: number;
  /** Sends a frame. */
  send(frame: string): void;
}

/** Somebody in a topic. */
interface Member {
  readonly key: string;
  readonly meta: unknown;
}

/**
 * The simplest server: everyone in a topic receives who is there, who joins and
 * leaves, and what the others send. It knows no deadlines, no rights and no
 * limits, and it checks nothing.
 */
export class FanOut {
  readonly #topics = new Map<string, Map<FanOutSocket, Member>>();

  /** Handles a frame of a client. */
  receive(socket: FanOutSocket, frame: string): void {
    const [joinRef, ref, topic, event, payload] = JSON.parse(frame);
    const members = this.#topics.get(topic) ?? new Map<FanOutSocket, Member>();
    this.#topics.set(topic, members);
    const response = { status: "ok", response: {} };
    socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", response]));
    if (event === "phx_join") {
      const { key, meta } = payload;
      const all = [...members.values()];
      socket.send(JSON.stringify([joinRef, null, topic, "members", { all }]));
      this.#send(topic, "joined", { key, meta });
      members.set(socket, { key, meta });
    } else if (event === "cursor") {
      this.#send(topic, "presence", {
        event_type: "presence",
        payload: {
          type: "cursor_moved",
          user_id: members.get(socket)?.key,
          cursor: payload.cursor,
          selection: null,
        },
        timestamp: Date.now(),
      });
    }
  }

  /** Handles the end of a socket. */
  lost(socket: FanOutSocket): void {
    for (const [topic, members] of this.#topics) {
      const member = members.get(socket);
      if (!members.delete(socket)) continue;
      this.#send(topic, "left", { key: member?.key });
    }
  }

  #send(topic: string, event: string, payload: unknown): void {
    const frame = JSON.stringify([null, null, topic, event, payload]);
    for (const socket of this.#topics.get(topic)?.keys() ?? []) {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    }
  }
}
