// @ts-check

// @ts-types="npm:@types/phoenix@1.6.7"
import { Presence } from "../phoenix.mjs";
import { fieldsOf } from "../people/wire.js";
import { ServiceSocket } from "./service_socket.js";
import { refusalOfJoin } from "./token_refusal.js";

/** @typedef {import("./token.js").Token} Token */
/** @typedef {(payload: unknown) => void} Listener */

/** How the service says that one may only read. */
const ONLY_READER = "unauthorized to publish here";

/**
 * @typedef {object} ConnectionEvents
 * @property {(mayPublish: boolean) => object} params returns what to join with,
 * each time
 * @property {(people: readonly [string, readonly unknown[]][]) => void} onPeople
 * @property {(mayPublish: boolean) => void} onJoined also after a lost connection
 * @property {() => void} onLost it tries to get back
 * @property {(sentence: string) => void} onShut it has given up
 * @property {(reason: string) => void} onRefused it tries again
 * @property {Readonly<Record<string, Listener>>} messages the listener of each
 * other event
 */

/** The connection of a page to one topic. */
export class Connection {
  #topic;
  #events;
  #socket;
  #channel;
  #mayPublish = true;
  #isOver = false;

  /**
   * @param {string} topic
   * @param {Token | undefined} token
   * @param {ConnectionEvents} events
   */
  constructor(topic, token, events) {
    this.#topic = topic;
    this.#events = events;
    const { messages, onLost, onPeople, onShut, params } = events;
    this.#socket = new ServiceSocket(topic, token, {
      onLost: () => this.#isOver || onLost(),
      onShut: (sentence) => this.#isOver || onShut(sentence),
    });
    this.#channel = this.#socket.channel(() => params(this.#mayPublish));
    for (const [event, listener] of Object.entries(messages)) {
      this.#channel.on(event, listener);
    }
    const presence = new Presence(this.#channel);
    presence.onSync(() => {
      if (this.#isOver) return;
      onPeople(presence.list((key, { metas }) => [key, metas]));
    });
  }

  /** Connects and joins; a lost connection is made again. */
  open() {
    this.#socket.connect();
    this.#channel.join()
      .receive("ok", () => this.#events.onJoined(this.#mayPublish))
      .receive("error", (answer) => this.#refused(reasonIn(answer)));
  }

  /**
   * Sends a message. One that can't be sent now is dropped: it would be out of
   * date later.
   *
   * @param {string} event
   * @param {object} payload
   * @param {(reason: string) => void} [onDeclined]
   * @returns {boolean} Whether it is sent.
   */
  push(event, payload, onDeclined = () => {}) {
    if (!this.#mayPublish || this.#channel.state !== "joined") return false;
    this.#channel.push(event, payload)
      .receive("error", (answer) => onDeclined(reasonIn(answer)));
    return true;
  }

  /** Says goodbye, and ends it. */
  leave() {
    this.#isOver = true;
    const end = () => this.#socket.end();
    this.#channel.leave().receive("ok", end).receive("timeout", end);
  }

  /** @param {string} reason */
  #refused(reason) {
    const refusal = refusalOfJoin(this.#topic, reason);
    if (refusal !== undefined) {
      this.#socket.shut(refusal);
    } else if (reason.startsWith(ONLY_READER)) {
      // phoenix.js joins again.
      this.#mayPublish = false;
    } else {
      this.#events.onRefused(reason);
    }
  }
}

/** @param {unknown} answer of a service that refuses */
function reasonIn(answer) {
  const reason = fieldsOf(answer).get("reason");
  return typeof reason === "string" ? reason : "no reason given";
}
