import type { PhoenixLimits } from "./limits.ts";
import { CHECK_MS } from "./outbox.ts";
import type { PhoenixIdentity } from "./rights/identity.ts";
import type { Pipe } from "./runtimes/pipe.ts";
import type { PhoenixSocket } from "./socket.ts";

/**
 * The sockets of an endpoint, and those that are lost but still hold something.
 * A pipe counts as one more socket of the subject that has opened it.
 */
export class OpenSockets {
  /** The open ones. */
  readonly all: Set<PhoenixSocket> = new Set();
  readonly #pipes = new Map<Pipe, PhoenixIdentity>();
  /** Those whose presence still has its grace. */
  readonly #lost = new Set<PhoenixSocket>();
  readonly #countBySubject = new Map<string, number>();
  readonly #limits: PhoenixLimits;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Makes it without a socket. */
  constructor(limits: PhoenixLimits) {
    this.#limits = limits;
  }

  /** The open pipes. */
  get pipes(): Pipe[] {
    return [...this.#pipes.keys()];
  }

  /** Whether as many sockets are open as may be. */
  get isFull(): boolean {
    return this.all.size + this.#pipes.size >= this.#limits.allSockets;
  }

  /** Reports whether an identity may have one more. */
  hasRoomFor({ subject }: PhoenixIdentity): boolean {
    return subject === undefined ||
      (this.#countBySubject.get(subject) ?? 0) < this.#limits.sockets;
  }

  /** The sockets of an identity, lost ones included. O(sockets). */
  of(identity: PhoenixIdentity): PhoenixSocket[] {
    return [...this.all, ...this.#lost]
      .filter((socket) => socket.isOf(identity));
  }

  /** Adds a socket that has opened. */
  add(socket: PhoenixSocket): void {
    this.all.add(socket);
    this.#count(socket.identity, 1);
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS);
  }

  /** Removes a socket that has ended; it is lost as long as it holds something. */
  remove(socket: PhoenixSocket): void {
    if (this.all.delete(socket)) this.#count(socket.identity, -1);
    if (socket.holds) this.#lost.add(socket);
    else socket.release();
    this.#stopChecks();
  }

  /** Adds a pipe that an identity has opened. */
  addPipe(pipe: Pipe, identity: PhoenixIdentity): void {
    this.#pipes.set(pipe, identity);
    this.#count(identity, 1);
  }

  /** Removes a pipe that has closed. */
  removePipe(pipe: Pipe): void {
    const identity = this.#pipes.get(pipe);
    if (identity !== undefined) this.#count(identity, -1);
    this.#pipes.delete(pipe);
  }

  /** Releases the lost ones. */
  releaseLost(): void {
    for (const socket of this.#lost) socket.release();
    this.#lost.clear();
    this.#stopChecks();
  }

  #check(): void {
    for (const socket of [...this.all]) socket.check();
    for (const socket of [...this.#lost]) {
      if (socket.holds) continue;
      this.#lost.delete(socket);
      socket.release();
    }
    this.#stopChecks();
  }

  /** The timer runs only while there is something to check. */
  #stopChecks(): void {
    if (this.all.size > 0 || this.#lost.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #count({ subject }: PhoenixIdentity, more: 1 | -1): void {
    if (subject === undefined) return;
    const open = (this.#countBySubject.get(subject) ?? 0) + more;
    if (open > 0) this.#countBySubject.set(subject, open);
    else this.#countBySubject.delete(subject);
  }
}
