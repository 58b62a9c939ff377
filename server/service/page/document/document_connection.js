// @ts-check

// @ts-types="npm:@types/phoenix@1.6.7"
import { Presence } from "../phoenix.mjs";
import { ONLY_READER, reasonIn } from "../room/connection.js";
import { ServiceSocket } from "../link/service_socket.js";
import { refusalOfJoin } from "../link/token_refusal.js";

/** @typedef {import("./cursor_renderer.js").Position} Position */
/** @typedef {import("./cursor_renderer.js").Selection} Selection */
/** @typedef {import("../link/token.js").Token} Token */

/**
 * @typedef {object} DocumentEvents
 * @property {(people: readonly [string, readonly unknown[]][]) => void} onPeople
 * @property {(event: unknown) => void} onPresence what they do
 * @property {(message: unknown) => void} onText
 * @property {() => void} onTextWanted somebody has come, and has no text yet
 * @property {(mayPublish: boolean) => void} onJoined also when it has come back
 * @property {() => void} onLost
 * @property {(sentence: string) => void} onShut it has given up
 * @property {(reason: string) => void} onRefused
 */

/**
 * The connection to one document: phoenix.js, and what this page does with it.
 * What is told before one is in is not sent: it would be old by then.
 */
export class DocumentConnection {
  #topic;
  #events;
  #socket;
  #channel;
  #isWatching;
  #mayPublish = true;
  #isOver = false;

  /**
   * @param {string} topic
   * @param {{ key: string, name?: string }} user who has no name only watches
   * @param {Token | undefined} token
   * @param {DocumentEvents} events
   */
  constructor(topic, user, token, events) {
    this.#topic = topic;
    this.#events = events;
    this.#isWatching = user.name === undefined;
    this.#socket = new ServiceSocket(topic, token, {
      onLost: () => {
        if (!this.#isOver) events.onLost();
      },
      onShut: (sentence) => {
        if (!this.#isOver) events.onShut(sentence);
      },
    });
    this.#channel = this.#socket.channel(() =>
      this.#mayPublish ? user : { key: user.key }
    );
    this.#channel.on("presence", (event) => events.onPresence(event));
    this.#channel.on("text", (message) => events.onText(message));
    this.#channel.on("text_wanted", () => events.onTextWanted());
    const presence = new Presence(this.#channel);
    presence.onSync(() => {
      if (this.#isOver) return;
      events.onPeople(presence.list((key, { metas }) => [key, metas]));
    });
  }

  /** Connects and joins; lost connections come back by themselves. */
  open() {
    this.#socket.connect();
    this.#channel.join()
      .receive("ok", () => this.#events.onJoined(this.#mayPublish))
      .receive("error", (answer) => this.#refused(reasonIn(answer)));
  }

  /** Says goodbye, and ends it. */
  leave() {
    this.#isOver = true;
    const disconnect = () => this.#socket.end();
    this.#channel.leave()
      .receive("ok", disconnect)
      .receive("timeout", disconnect);
  }

  /**
   * @param {Position} cursor
   * @param {Selection | null} selection
   */
  moveCursor(cursor, selection) {
    this.#do("cursor", {
      cursor,
      selection: selection && {
        anchor: selection.anchor,
        head: selection.head,
        is_backward: selection.isBackward,
      },
    });
  }

  /** Says that a key has been typed. */
  typed() {
    this.#do("typing", {});
  }

  /** @param {import("../text/textarea_editor.js").TextareaEditor["viewport"]} viewport */
  look({ topLine, bottomLine, scrollPercentage }) {
    this.#do("viewport", {
      top_line: topLine,
      bottom_line: bottomLine,
      scroll_percentage: scrollPercentage,
    });
  }

  /**
   * @param {boolean} focused
   * @param {boolean} hidden
   */
  focus(focused, hidden) {
    this.#do("focus", { focused, hidden });
  }

  /** @param {object} message what is new in the text */
  tellText(message) {
    this.#push("text", message);
  }

  /** Asks the others for the text. */
  askForText() {
    this.#push("text_wanted", {});
  }

  /** @param {string} reason */
  #refused(reason) {
    const refusal = refusalOfJoin(this.#topic, reason);
    if (refusal !== undefined) {
      this.#socket.shut(refusal);
    } else if (reason.startsWith(ONLY_READER)) {
      // phoenix.js joins again by itself.
      this.#isWatching = true;
      this.#mayPublish = false;
    } else {
      this.#events.onRefused(reason);
    }
  }

  /**
   * Who only watches does nothing that could be told.
   *
   * @param {string} event
   * @param {object} payload
   */
  #do(event, payload) {
    if (!this.#isWatching) this.#push(event, payload);
  }

  /**
   * @param {string} event
   * @param {object} payload
   */
  #push(event, payload) {
    if (this.#mayPublish && this.#channel.state === "joined") {
      this.#channel.push(event, payload);
    }
  }
}
