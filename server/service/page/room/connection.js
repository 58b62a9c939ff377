// @ts-check

// @ts-types="npm:@types/phoenix@1.6.7"
import { Presence } from "../phoenix.mjs";
import { ServiceSocket } from "../link/service_socket.js";
import { refusalOfJoin } from "../link/token_refusal.js";

/** @typedef {import("../link/token.js").Token} Token */

/** How the service says that one may only read. */
export const ONLY_READER = "unauthorized to publish here";

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
 * @property {(mayPublish: boolean) => void} onJoined also when it has come back
 * @property {() => void} onLost
 * @property {(sentence: string) => void} onShut it has given up
 * @property {(reason: string) => void} onRefused the room does not let one in
 * @property {(reason: string) => void} onDeclined a change has not been taken
 */

/** The connection to one room: phoenix.js, and what this page does with it. */
export class Connection {
  #topic;
  #events;
  #socket;
  #channel;
  #mayPublish = true;
  /** What has been published, to publish again only what differs. */
  #published = "";

  /**
   * @param {string} topic
   * @param {Token | undefined} token
   * @param {ConnectionEvents} events
   */
  constructor(topic, token, events) {
    this.#topic = topic;
    this.#events = events;
    this.#socket = new ServiceSocket(topic, token, events);
    this.#channel = this.#socket.channel(() =>
      // Who publishes nothing only watches.
      this.#mayPublish ? this.#publication() : {}
    );
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
        this.#events.onJoined(this.#mayPublish);
        // What changed while the join was under way.
        this.publish();
      })
      .receive("error", (answer) => this.#refused(reasonIn(answer)));
  }

  /** Publishes what this tab says of itself, if that has changed. */
  publish() {
    // Who has not joined yet publishes by joining.
    if (!this.#isPublisher) return;
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
    if (this.#isPublisher) this.#channel.push("pointer", pointer);
  }

  get #isPublisher() {
    return this.#mayPublish && this.#channel.state === "joined";
  }

  /** @param {string} reason */
  #refused(reason) {
    const refusal = refusalOfJoin(this.#topic, reason);
    if (refusal !== undefined) {
      this.#socket.shut(refusal);
    } else if (reason.startsWith(ONLY_READER)) {
      // phoenix.js joins again by itself.
      this.#mayPublish = false;
    } else {
      this.#events.onRefused(reason);
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
