// @ts-check
/// <reference lib="dom" />

import { find, made, show } from "../people/dom.js";

/** How long news stays that needs nothing to be done. */
const SHORT_NEWS_MS = 5_000;

/** How many announcements are kept for those who read them again. */
const MOST_ANNOUNCED = 30;

/** @typedef {"connecting" | "connected" | "lost" | "refused"} LinkState */

/** @type {Record<LinkState, string>} */
const WORDS = {
  connecting: "Connecting",
  connected: "Live",
  lost: "Offline",
  refused: "Refused",
};

/** What the page tells about itself: the connection, and who comes and goes. */
export class Notices {
  #link = find("#link", HTMLElement);
  #banner = find("#banner", HTMLElement);
  #log = find("#log", HTMLElement);
  /** @type {LinkState} */
  #state = "connecting";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * Says that the room is joined, or joined again.
   *
   * @param {string} [proviso] what there is to know about it, for as long
   */
  connected(proviso) {
    const wasAway = this.#state !== "connecting";
    this.#enter("connected", proviso ?? (wasAway ? "Connected again." : ""));
    if (proviso === undefined) this.#forgetLater();
  }

  /** Says that nothing more is heard. */
  lost() {
    this.#enter(
      "lost",
      "Connection lost. What you see is how it was; trying to get back…",
    );
  }

  /**
   * Says that the room does not let one in.
   *
   * @param {string} reason
   */
  refused(reason) {
    this.#enter("refused", `The room says no: ${reason}. Trying again…`);
  }

  /**
   * Says why one is not let in, and that nothing more is tried.
   *
   * @param {string} sentence
   */
  shut(sentence) {
    this.#enter("refused", sentence);
  }

  /**
   * Says that the room has not taken a change.
   *
   * @param {string} reason
   */
  declined(reason) {
    this.#say(`Your change was not taken: ${reason}.`, "bad");
    this.#forgetLater();
  }

  /**
   * Reads out what happened, for those who can't see it.
   *
   * @param {string} sentence
   */
  announce(sentence) {
    this.#log.append(made("p", sentence));
    if (this.#log.childElementCount > MOST_ANNOUNCED) {
      this.#log.firstElementChild?.remove();
    }
  }

  /**
   * @param {LinkState} state
   * @param {string} text
   */
  #enter(state, text) {
    this.#state = state;
    document.body.dataset.link = state;
    show(this.#link, WORDS[state]);
    this.#say(text, state === "connected" ? "good" : "bad");
  }

  /**
   * @param {string} text
   * @param {"good" | "bad"} tone
   */
  #say(text, tone) {
    clearTimeout(this.#timer);
    this.#banner.dataset.tone = tone;
    show(this.#banner, text);
  }

  #forgetLater() {
    this.#timer = setTimeout(() => show(this.#banner, ""), SHORT_NEWS_MS);
  }
}
