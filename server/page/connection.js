// @ts-check

// @ts-types="npm:@types/phoenix@1.6.7"
import { Presence, Socket } from "./phoenix.mjs";

/**
 * What this tab says of itself when it joins, and whenever it changes.
 *
 * @typedef {object} Publication
 * @property {string} key the person
 * @property {Record<string, string>} meta
 * @property {"public" | "private"} visibility
 */

/**
 * @typedef {object} ConnectionEvents
 * @property {() => Publication} publication asked for whenever it is needed
 * @property {(people: readonly [string, readonly unknown[]][]) => void} onPeople
 * @property {(pointer: unknown) => void} onPointer
 * @property {() => void} onJoined also when it has come back
 * @property {() => void} onLost
 * @property {(reason: string) => void} onRefused the room does not let one in
 * @property {(reason: string) => void} onDeclined a change has not been taken
 */

/** The connection to one room: phoenix.js, and what this page does with it. */
export class Connection {
  #events;
  #socket;
  #channel;
  /** What has been published, to publish again only what differs. */
  #published = "";

  /**
   * @param {string} topic
   * @param {ConnectionEvents} events
   */
  constructor(topic, events) {
    this.#events = events;
    this.#socket = new Socket("/socket");
    this.#socket.onClose(() => events.onLost());
    this.#channel = this.#socket.channel(topic, () => this.#publication());
    this.#channel.onError(() => events.onLost());
    this.#channel.on("pointer", (pointer) => events.onPointer(pointer));
    const presence = new Presence(this.#channel);
    presence.onSync(() => {
      events.onPeople(presence.list((key, { metas }) => [key, metas]));
    });
  }

  /** Connects and joins; lost connections come back by themselves. */
  open() {
    this.#socket.connect();
    this.#channel.join()
      .receive("ok", () => {
        this.#events.onJoined();
        // What changed while the join was under way.
        this.publish();
      })
      .receive("error", (answer) => this.#events.onRefused(reasonIn(answer)));
  }

  /** Publishes what this tab says of itself, if that has changed. */
  publish() {
    // Who has not joined yet publishes by joining.
    if (this.#channel.state !== "joined") return;
    const before = this.#published;
    const { meta, visibility } = this.#publication();
    if (this.#published === before) return;
    this.#channel
      .push("presence", {
        type: "presence",
        event: "track",
        payload: meta,
        visibility,
      })
      .receive("error", (answer) => {
        // The next change tries again.
        this.#published = "";
        this.#events.onDeclined(reasonIn(answer));
      });
  }

  /**
   * Tells the others where the pointer is.
   *
   * @param {{ x: number | null, y: number | null }} pointer from 0 to 1, or
   * nowhere
   */
  point(pointer) {
    // Where it was is of no use later.
    if (this.#channel.state === "joined") {
      this.#channel.push("pointer", pointer);
    }
  }

  #publication() {
    const publication = this.#events.publication();
    this.#published = JSON.stringify(publication);
    return publication;
  }
}

/**
 * Why a service has said no.
 *
 * @param {unknown} answer
 * @returns {string}
 */
export function reasonIn(answer) {
  const isObject = typeof answer === "object" && answer !== null;
  const reason = isObject && "reason" in answer ? answer.reason : undefined;
  return typeof reason === "string" ? reason : "no reason given";
}
