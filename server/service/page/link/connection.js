// @ts-check

// @ts-types="npm:@types/phoenix@1.6.7"
import { Presence, Socket } from "../phoenix.mjs";
import { fieldsOf } from "../people/wire.js";
import {
  MALFORMED,
  refusalOfClose,
  refusalOfJoin,
  refusalOfService,
} from "./token_refusal.js";

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
 * @property {() => void} onLost the connection is lost, and tries again
 * @property {(sentence: string) => void} onShut the connection has given up
 * @property {(reason: string) => void} onRefused the room refuses, and the
 * connection tries again
 * @property {Readonly<Record<string, Listener>>} messages the listener of each
 * other event
 */

/**
 * @typedef {object} Browser what is needed of it
 * @property {{ protocol: string, host: string }} location
 * @property {new (url: string, protocols?: string[]) => object} WebSocket
 * @property {(url: string, init: RequestInit) => Promise<Response>} fetch
 */

/**
 * The connection of a page to one topic. The socket of phoenix.js never gives up.
 * When the service refuses it, this connection asks for the reason, and gives up if
 * only another token can help.
 */
export class Connection {
  #topic;
  #token;
  #events;
  #browser;
  #socket;
  #channel;
  #mayPublish = true;
  /** Whether the current or the last socket has opened. */
  #hasOpened = false;
  #isAsking = false;
  #isOver = false;

  /**
   * @param {string} topic
   * @param {Token | undefined} token
   * @param {ConnectionEvents} events
   * @param {Browser} [browser]
   */
  constructor(topic, token, events, browser = globalThis) {
    this.#topic = topic;
    this.#token = token;
    this.#events = events;
    this.#browser = browser;
    const { location: { host, protocol }, WebSocket: transport } = browser;
    const scheme = protocol === "https:" ? "wss" : "ws";
    this.#socket = new Socket(`${scheme}://${host}/socket`, {
      // It is sent as a subprotocol: URLs are logged.
      authToken: token?.text,
      transport,
    });
    this.#socket.onOpen(() => void (this.#hasOpened = true));
    this.#socket.onClose((event) => this.#closed(event));
    const params = () => events.params(this.#mayPublish);
    this.#channel = this.#socket.channel(topic, params);
    this.#channel.onError(() => {
      // When the socket closes, `#closed()` is called as well.
      if (this.#socket.isConnected() && !this.#isOver) events.onLost();
    });
    for (const [event, listener] of Object.entries(events.messages)) {
      this.#channel.on(event, listener);
    }
    const presence = new Presence(this.#channel);
    presence.onSync(() => {
      if (this.#isOver) return;
      events.onPeople(presence.list((key, { metas }) => [key, metas]));
    });
  }

  /** Connects and joins, and does so again after a lost connection. */
  open() {
    if (this.#token !== undefined && this.#token.subject === undefined) {
      return this.#shut(MALFORMED);
    }
    this.#socket.connect();
    this.#channel.join()
      .receive("ok", () => this.#events.onJoined(this.#mayPublish))
      .receive("error", (answer) => this.#refused(reasonIn(answer)));
  }

  /**
   * Sends a message, or drops it if there is no connection: later it would be
   * stale.
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

  /** Leaves and disconnects, and reports no further events. */
  leave() {
    this.#isOver = true;
    const disconnect = () => this.#socket.disconnect();
    this.#channel.leave()
      .receive("ok", disconnect)
      .receive("timeout", disconnect);
  }

  /**
   * Gives up.
   *
   * @param {string} sentence why
   */
  #shut(sentence) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.disconnect();
    this.#events.onShut(sentence);
  }

  /** @param {unknown} event */
  #closed(event) {
    if (this.#isOver) return this.#socket.disconnect();
    const refusal = refusalOfClose(event);
    if (refusal !== undefined) return this.#shut(refusal);
    if (!this.#hasOpened) return void this.#askWhy();
    this.#hasOpened = false;
    this.#events.onLost();
  }

  async #askWhy() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { fetch } = this.#browser;
    const refusal = await refusalOfService(this.#topic, this.#token, fetch);
    this.#isAsking = false;
    // The socket may have opened meanwhile.
    if (this.#isOver || this.#hasOpened) return;
    if (refusal !== undefined) this.#shut(refusal);
    else this.#events.onLost();
  }

  /** @param {string} reason */
  #refused(reason) {
    const refusal = refusalOfJoin(this.#topic, reason);
    if (refusal !== undefined) return this.#shut(refusal);
    // phoenix.js joins again.
    if (reason.startsWith(ONLY_READER)) this.#mayPublish = false;
    else this.#events.onRefused(reason);
  }
}

/** @param {unknown} answer of a service that refuses */
function reasonIn(answer) {
  const reason = fieldsOf(answer).get("reason");
  return typeof reason === "string" ? reason : "no reason given";
}
