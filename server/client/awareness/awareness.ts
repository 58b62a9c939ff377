/**
 * What editors on Yjs call an awareness, over a room: who is where in a text.
 *
 * @example Usage
 * ```ts
 * import { Awareness, type AwarenessModel } from "@ruthere/presence/awareness";
 * import { LiveClient } from "@ruthere/presence/client";
 * import { assertEquals } from "@std/assert";
 * import { Doc } from "yjs";
 *
 * using client = new LiveClient<AwarenessModel>({
 *   url: "http://localhost:8787",
 * });
 * const doc = new Doc();
 * const awareness = new Awareness(client.room("doc-42"), doc);
 * awareness.setLocalStateField("user", { name: "Ada", color: "#3063b8" });
 * assertEquals(awareness.getStates().get(doc.clientID), {
 *   user: { name: "Ada", color: "#3063b8" },
 * });
 * ```
 *
 * @module
 */

import {
  equalValues,
  type PresenceSnapshot,
  type Timestamp,
} from "../../../core/mod.ts";
import { isJsonObject, type JsonObject } from "../../internal.ts";
import type { LiveModel, LiveRoom } from "../live_room.ts";
import { type Readable, sameItems } from "../readable.ts";

/** What a connection says of the client of Yjs that it has. */
export interface AwarenessFacet {
  /** The `clientID` of its document. */
  readonly clientID: number;
  /** Its state. */
  readonly state: JsonObject;
}

/** The least model of a room: an application's own has this facet among others. */
export interface AwarenessModel extends LiveModel {
  /** The facet that an awareness sets. */
  facets: { awareness: AwarenessFacet };
}

/** A room of any model that has the facet. */
export interface AwarenessRoom extends LiveRoom<AwarenessModel> {
  /** Sets the facet. Only a property demands that the model has it. */
  readonly update: (
    patch: { readonly awareness: AwarenessFacet | null },
  ) => void;
}

/** A document of Yjs, as far as an awareness needs it. */
export interface AwarenessDoc {
  /** The client that edits it. */
  readonly clientID: number;
  /** Listens to its end. */
  on(event: "destroy", listener: () => void): unknown;
  /** Ends that. */
  off(event: "destroy", listener: () => void): unknown;
}

/** The state of a client: fields that JSON can have, like `user` and `cursor`. */
export type AwarenessState = Record<string, unknown>;

/** The clients whose states differ. */
export interface AwarenessChanges {
  /** Those that have one now. */
  readonly added: number[];
  /** Those that have another one. */
  readonly updated: number[];
  /** Those that have none any more. */
  readonly removed: number[];
}

/**
 * Listens to changes. Their origin is `"local"`, or the room if they are those
 * of others.
 */
export type AwarenessListener = (
  changes: AwarenessChanges,
  origin: unknown,
) => void;

/** When a state was changed. */
export interface AwarenessMeta {
  /** It is higher after each change. */
  readonly clock: number;
  /** The time, in Unix milliseconds. */
  readonly lastUpdated: Timestamp;
}

type Connection = PresenceSnapshot<AwarenessModel>;

/** A client of somebody else. */
interface RemoteClient extends AwarenessFacet {
  readonly subject: string;
  readonly observedAt: Timestamp;
}

/**
 * An awareness of Yjs over a room. Editors take it in place of an `Awareness` of
 * `y-protocols`, whose type it has.
 *
 * Who somebody is comes from the service: `user.id` of each other state is the
 * subject of its connection. A client whose number another one has already is
 * shown with the next free number, so that nobody takes the place of another.
 *
 * @typeParam D The type of the document.
 */
export class Awareness<D extends AwarenessDoc = AwarenessDoc> {
  /** The document. */
  readonly doc: D;
  /** The client of this document. */
  readonly clientID: number;
  /** The states of all clients, the own one included. */
  readonly states: Map<number, AwarenessState> = new Map();
  /** When they were changed. */
  readonly meta: Map<number, AwarenessMeta> = new Map();
  /** The listeners, where the type of `y-protocols` has them. */
  readonly _observers: Map<string, Set<AwarenessListener>> = new Map();
  /** Nothing: the type of `y-protocols` has a timer here. */
  declare readonly _checkInterval: undefined;
  readonly #room: AwarenessRoom;
  readonly #userOf: (subject: string) => object | undefined;
  readonly #stop: () => void;
  readonly #end = () => this.destroy();
  /** The others by their numbers. */
  #clients: ReadonlyMap<number, RemoteClient> = new Map();
  /** What the room was told last. */
  #told: JsonObject | null = null;
  #clock = 0;
  #isDestroyed = false;

  /**
   * Makes an awareness with an empty state, which makes the client of the room
   * present.
   *
   * @param room The room. Its user leaves it.
   * @param doc The document. Its end is that of the awareness, too.
   * @param userOf Returns what the application knows of a subject, such as a name.
   * It replaces what a state says in `user`. If it throws, they are not shown until
   * the next change in the room, which asks again.
   * @throws What `userOf` throws for somebody who is in the room already.
   */
  constructor(
    room: AwarenessRoom,
    doc: D,
    userOf: (subject: string) => object | undefined = () => undefined,
  ) {
    this.doc = doc;
    this.clientID = doc.clientID;
    this.#room = room;
    this.#userOf = userOf;
    const connections = connectionsIn(room);
    this.#refresh(connections.get());
    this.#stop = connections.subscribe(this.#refresh);
    doc.on("destroy", this.#end);
    this.setLocalState({});
  }

  /** Returns the own state; `null` if there is none. */
  getLocalState(): AwarenessState | null {
    return this.states.get(this.clientID) ?? null;
  }

  /**
   * Replaces the own state. The others get it as JSON, at most once in the
   * `throttleMs` of the client, and only if it differs.
   *
   * @param state The state; `null` removes it, and the own cursor with it.
   */
  setLocalState(state: AwarenessState | null): void {
    const { clientID, states } = this;
    const isNew = !states.has(clientID);
    if (this.#isDestroyed || state === null && isNew) return;
    const json: JsonObject | null = JSON.parse(JSON.stringify(state));
    const isSame = equalValues(json, this.#told);
    if (state === null) states.delete(clientID);
    else states.set(clientID, state);
    this.#touch(clientID);
    if (!isSame) this.#tell(json);
    const changes = {
      added: isNew ? [clientID] : [],
      updated: isNew || state === null ? [] : [clientID],
      removed: state === null ? [clientID] : [],
    };
    if (!isSame) this.emit("change", [changes, "local"]);
    this.emit("update", [changes, "local"]);
  }

  /**
   * Replaces a field of the own state. Does nothing if there is no state.
   *
   * @param field The field.
   * @param value Its value.
   */
  setLocalStateField(field: string, value: unknown): void {
    const state = this.getLocalState();
    if (state !== null) this.setLocalState({ ...state, [field]: value });
  }

  /** Returns the states of all clients, the own one included. */
  getStates(): Map<number, AwarenessState> {
    return this.states;
  }

  /**
   * Listens to changes.
   *
   * @param event `change`: a state differs; `update`: also when an equal own
   * state was set.
   * @param listener Receives them.
   */
  on(event: "change" | "update", listener: AwarenessListener): void {
    const listeners = this._observers.get(event) ?? new Set();
    this._observers.set(event, listeners.add(listener));
  }

  /**
   * Listens to the next change alone.
   *
   * @param event `change` or `update`.
   * @param listener Receives it.
   */
  once(event: "change" | "update", listener: AwarenessListener): void {
    const only: AwarenessListener = (changes, origin) => {
      this.off(event, only);
      listener(changes, origin);
    };
    this.on(event, only);
  }

  /**
   * Ends a listener.
   *
   * @param event `change` or `update`.
   * @param listener The listener.
   */
  off(event: "change" | "update", listener: AwarenessListener): void {
    this._observers.get(event)?.delete(listener);
  }

  /**
   * Calls the listeners. The functions of `y-protocols` need it.
   *
   * @param event `change` or `update`.
   * @param args What the listeners receive.
   */
  emit(
    event: "change" | "update",
    args: [changes: AwarenessChanges, origin: unknown],
  ): void {
    // `removeAwarenessStates()` of `y-protocols` has deleted the own state.
    if (this.#told !== null && !this.states.has(this.clientID)) {
      this.#tell(null);
    }
    for (const listener of [...this._observers.get(event) ?? []]) {
      listener(...args);
    }
  }

  /** Removes the own state, and listens no more. The room stays joined. */
  destroy(): void {
    this.setLocalState(null);
    this.#isDestroyed = true;
    this.#stop();
    this.doc.off("destroy", this.#end);
    this._observers.clear();
  }

  #tell(state: JsonObject | null): void {
    this.#told = state;
    const { clientID } = this;
    this.#room.update({ awareness: state && { clientID, state } });
  }

  #touch(clientID: number): void {
    const lastUpdated = Date.now();
    this.meta.set(clientID, { clock: this.#clock++, lastUpdated });
  }

  /** Shows the others as they are now. */
  readonly #refresh = (connections: readonly Connection[]): void => {
    const former = this.#clients;
    const clients = this.#numbered(clientsOf(connections));
    const added: number[] = [];
    const updated: number[] = [];
    const errors: unknown[] = [];
    for (const [number, { subject, state }] of clients) {
      const before = former.get(number);
      const isSame = before?.subject === subject &&
        equalValues(before.state, state);
      if (isSame) continue;
      const said = isJsonObject(state.user) ? state.user : {};
      try {
        const user = { ...said, ...this.#userOf(subject), id: subject };
        (this.states.has(number) ? updated : added).push(number);
        this.states.set(number, { ...state, user });
      } catch (error) {
        errors.push(error);
        // They may lie about who they are. The next change asks again.
        clients.delete(number);
      }
    }
    this.#clients = clients;
    const removed = [...former.keys()]
      .filter((number) => !clients.has(number) && this.states.delete(number));
    const changed = [...added, ...updated, ...removed];
    if (changed.length > 0) {
      for (const number of changed) this.#touch(number);
      const changes = { added, updated, removed };
      this.emit("change", [changes, this.#room]);
      this.emit("update", [changes, this.#room]);
      for (const number of removed) this.meta.delete(number);
    }
    if (errors.length > 0) throw errors[0];
  };

  /** Gives each client its number, or one that is free if others have it. */
  #numbered(found: readonly RemoteClient[]): Map<number, RemoteClient> {
    const numbered = new Map<number, RemoteClient>();
    const late: RemoteClient[] = [];
    const hadIt = ({ clientID, subject }: RemoteClient) =>
      this.#clients.get(clientID)?.subject === subject;
    const inOrder = [
      ...found.filter(hadIt),
      ...found.filter((client) => !hadIt(client)),
    ];
    for (const client of inOrder) {
      const { clientID, subject, observedAt } = client;
      const isOwn = clientID === this.clientID;
      const other = numbered.get(clientID);
      const holder = isOwn ? this.#room.me.get().id : other?.subject;
      if (holder !== undefined && holder !== subject) {
        late.push(client);
        continue;
      }
      // A connection that was lost stays beside its successor for the grace.
      const isFormer = isOwn ||
        other !== undefined && other.observedAt > observedAt;
      if (!isFormer) numbered.set(clientID, client);
    }
    for (const client of late) {
      let number = client.clientID;
      while (numbered.has(number) || number === this.clientID) {
        number = (number + 1) % 2 ** 32;
      }
      numbered.set(number, client);
    }
    return numbered;
  }
}

/** Selects the connections in a room, without the own one. */
function connectionsIn(
  room: AwarenessRoom,
): Readable<readonly Connection[]> {
  return room.select(({ status, me, others }) => {
    if (status.type === "refused" || status.type === "closed") return [];
    const ofOthers = others.flatMap(({ connections }) => connections);
    const own = room.person(me.id).get()?.connections ?? [];
    return [
      ...own.filter(({ resource }) => resource !== me.resource),
      ...ofOthers,
    ];
  }, sameItems);
}

/** Returns the clients of Yjs that connections have. A connection may say anything. */
function clientsOf(connections: readonly Connection[]): RemoteClient[] {
  return connections.flatMap(({ subject, observedAt, facets }) => {
    const facet: unknown = facets.awareness;
    if (!isJsonObject(facet)) return [];
    const { clientID, state } = facet;
    const isValid = typeof clientID === "number" &&
      Number.isSafeInteger(clientID) && clientID >= 0 && isJsonObject(state);
    return isValid ? [{ subject, observedAt, clientID, state }] : [];
  });
}
