import type { PresenceModel } from "../../core/mod.ts";
import type { CursorPosition } from "../../store/mod.ts";
import { visibleTo } from "../internal.ts";
import type { PresenceView, PresenceViewEvent, Viewer } from "../mod.ts";
import { mirrorOf, type RoomServer } from "./mirror.ts";

/** A listener, as its room sees it. */
export interface RoomMember<Event> {
  /** Receives an event and the revision of the room that it leads to. */
  receive(event: Event, revision: number): void;
  /** Ends: no more events follow. */
  end(): void;
  /** Ends with an error. */
  fail(error: unknown): void;
}

/** A listener's place in a room. */
export interface Seat<State> {
  /**
   * Returns everything that the listener may see now, and the revision: the
   * state contains every event of that revision or an earlier one.
   */
  read(): { readonly state: State; readonly revision: number };
  /** Leaves the room. The last listener to leave closes it. */
  leave(): void;
}

/**
 * What all listeners of one context share: one watch of the server and one
 * mirror. A face derives its messages from what the mirror reports.
 */
export abstract class Room<M extends PresenceModel, Event> {
  /** The mirror of the context. */
  protected readonly view: PresenceView<M>;
  readonly #ended = new AbortController();
  readonly #onClose: () => void;
  #position: CursorPosition;

  /** Opens the room of a context; calls back when the room closes. */
  constructor(
    server: RoomServer<M>,
    context: M["context"],
    viewer: Viewer<M>,
    onClose: () => void,
  ) {
    this.#onClose = onClose;
    const visible = visibleTo(viewer);
    const { view, position } = mirrorOf(server, { context, visible });
    this.view = view;
    this.#position = position;
    this.#run(server, context, viewer)
      .catch((error: unknown) => this.#fail(error));
  }

  /** The position of the latest change that the mirror contains. */
  get position(): CursorPosition {
    return this.#position;
  }

  /** Ends the watch and all members. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#onClose();
    for (const member of this.members()) member.end();
  }

  /** Returns a copy of the list of members. */
  protected abstract members(): RoomMember<Event>[];

  /** Handles what a batch has changed in the mirror. */
  protected abstract changed(events: readonly PresenceViewEvent<M>[]): void;

  #fail(error: unknown): void {
    for (const member of this.members()) member.fail(error);
    this.close();
  }

  async #run(
    server: RoomServer<M>,
    context: M["context"],
    viewer: Viewer<M>,
  ): Promise<void> {
    const { signal } = this.#ended;
    const since = this.#position;
    for await (
      const batch of server.watch({ context, viewer, since, signal })
    ) {
      const events = this.view.apply(batch);
      // A baseline counts only once its last part has arrived.
      if (batch.type === "baseline" && !batch.last) continue;
      this.#position = batch.position;
      this.changed(events);
    }
    // The server is closed.
    this.close();
  }
}

/** The rooms that are open, by name. */
export class Rooms<R extends { close(): void }> {
  readonly #open: (name: string, onClose: () => void) => R;
  readonly #rooms = new Map<string, R>();

  /** Makes a collection without rooms; `open` opens one of them. */
  constructor(open: (name: string, onClose: () => void) => R) {
    this.#open = open;
  }

  /** Returns a room if it is open. O(1). */
  get(name: string): R | undefined {
    return this.#rooms.get(name);
  }

  /** Returns a room, and opens it unless it is open. */
  of(name: string): R {
    const room = this.#rooms.get(name) ??
      this.#open(name, () => this.#rooms.delete(name));
    this.#rooms.set(name, room);
    return room;
  }

  /** Closes all rooms. */
  close(): void {
    for (const room of [...this.#rooms.values()]) room.close();
  }
}
