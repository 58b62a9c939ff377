/** A socket that can be asked whether somebody is at its other end. */
export interface Pingable {
  /** Asks. */
  ping(): void;
  /** Ends it without waiting for the other side. */
  terminate(): void;
}

/** Who has been silent for a whole round is dead: it takes two at most. */
const ROUND_MS = 25_000;

/** Finds the dead, where the runtime does not: nobody says that they die. */
export class Pulse {
  /** Whether something has come from each since the last round. */
  readonly #heard = new Map<Pingable, boolean>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Takes note of a sign of life; the first one begins to look after it. */
  heard(socket: Pingable): void {
    this.#heard.set(socket, true);
    this.#timer ??= setInterval(() => this.#goRound(), ROUND_MS);
  }

  /** Looks no more after a socket that is closed. */
  forget(socket: Pingable): void {
    this.#heard.delete(socket);
    if (this.#heard.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #goRound(): void {
    for (const [socket, isAlive] of [...this.#heard]) {
      if (isAlive) {
        this.#heard.set(socket, false);
        socket.ping();
      } else {
        socket.terminate();
      }
    }
  }
}
