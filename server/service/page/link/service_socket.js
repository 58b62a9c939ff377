// @ts-check

// @ts-types="npm:@types/phoenix@1.6.7"
import { Socket } from "../phoenix.mjs";
import {
  MALFORMED,
  refusalOfClose,
  refusalOfService,
} from "./token_refusal.js";

/** @typedef {import("./token.js").Token} Token */

/**
 * @typedef {object} SocketEvents
 * @property {() => void} onLost nothing more is heard; it tries to get back
 * @property {(sentence: string) => void} onShut one is not let in, and this has
 * given up
 */

/**
 * @typedef {object} Browser what is needed of it
 * @property {{ protocol: string, host: string }} location
 * @property {new (url: string, protocols?: string[]) => object} WebSocket
 * @property {(url: string, init: RequestInit) => Promise<Response>} fetch
 */

/**
 * The socket of a page, for one channel. That of phoenix.js would knock at a
 * closed door for ever: this one asks why it is closed, and gives up where
 * only another token can help.
 */
export class ServiceSocket {
  #topic;
  #token;
  #events;
  #browser;
  #socket;
  /** Whether the connection that is there now, or was last, has opened. */
  #hasOpened = false;
  #isAsking = false;
  #isOver = false;

  /**
   * @param {string} topic
   * @param {Token | undefined} token
   * @param {SocketEvents} events
   * @param {Browser} [browser]
   */
  constructor(topic, token, events, browser = globalThis) {
    this.#topic = topic;
    this.#token = token;
    this.#events = events;
    this.#browser = browser;
    const { location, WebSocket: transport } = browser;
    // It goes by the subprotocol: what stands in a URL is written into logs.
    this.#socket = new Socket(socketUrl(location), {
      authToken: token?.text,
      transport,
    });
    this.#socket.onOpen(() => {
      this.#hasOpened = true;
    });
    this.#socket.onClose((event) => this.#closed(event));
  }

  /**
   * The channel of the topic.
   *
   * @param {() => object} params what it is joined with, asked for each time
   */
  channel(params) {
    const channel = this.#socket.channel(this.#topic, params);
    channel.onError(() => {
      // An attempt that has failed is for `#closed()`.
      if (this.#hasOpened && !this.#isOver) this.#events.onLost();
    });
    return channel;
  }

  /** Connects; lost connections come back by themselves. */
  connect() {
    if (this.#token !== undefined && this.#token.subject === undefined) {
      this.shut(MALFORMED);
    } else {
      this.#socket.connect();
    }
  }

  /** Ends it. Nothing is told any more. */
  end() {
    this.#isOver = true;
    this.#socket.disconnect();
  }

  /**
   * Gives up.
   *
   * @param {string} sentence why
   */
  shut(sentence) {
    if (this.#isOver) return;
    this.end();
    this.#events.onShut(sentence);
  }

  /** @param {unknown} event */
  #closed(event) {
    const refusal = refusalOfClose(event);
    if (refusal !== undefined) return this.shut(refusal);
    if (this.#isOver) return;
    if (!this.#hasOpened) return void this.#askWhy();
    this.#hasOpened = false;
    this.#events.onLost();
  }

  async #askWhy() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const refusal = await refusalOfService(
      this.#topic,
      this.#token,
      this.#browser.fetch,
    );
    this.#isAsking = false;
    // It may have got in meanwhile.
    if (this.#isOver || this.#hasOpened) return;
    if (refusal !== undefined) this.shut(refusal);
    else this.#events.onLost();
  }
}

/** @param {Browser["location"]} location */
function socketUrl({ protocol, host }) {
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/socket`;
}
