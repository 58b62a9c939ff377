/** A socket that can ping its client. */
export interface Pingable {
  /** Sends a ping. */
  ping(): void;
  /** Ends it without waiting for the client. */
  terminate(): void;
}

/** A client that is silent for a whole round is dead, found after two at most. */
const ROUND_MS = 25_000;

/** Ends sockets whose clients are dead, where the runtime does not. */
export class Pulse {
  /** Whether each has sent something since the last round. */
  readonly #isAlive = new Map<Pingable, boolean>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Records a sign of life; the first one begins the watch over the socket. */
  received(socket: Pingable): void {
    this.#isAlive.set(socket, true);
    this.#timer ??= setInterval(() => this.#checkAll(), ROUND_MS);
  }

  /** Ends the watch over a socket that has closed. */
  forget(socket: Pingable): void {
    this.#isAlive.delete(socket);
    if (this.#isAlive.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #checkAll(): void {
    for (const [socket, isAlive] of [...this.#isAlive]) {
      if (isAlive) {
        this.#isAlive.set(socket, false);
        socket.ping();
      } else {
        socket.terminate();
      }
    }
  }
}
