// @ts-check
/// <reference lib="dom" />

import { find, made, show } from "../people/dom.js";

/** How long to show news that need no action. */
const SHORT_NEWS_MS = 5_000;

/** How many announcements to keep for people who read them again. */
const MOST_ANNOUNCED = 30;

const WORDS = { connected: "Live", lost: "Offline", refused: "Refused" };

/** What the page says about its connection, and who joins and leaves. */
export class Notices {
  #link = find("#link", HTMLElement);
  #banner = find("#banner", HTMLElement);
  #log = find("#log", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * Says that the room is joined, perhaps again.
   *
   * @param {string} [proviso] is shown while the room is joined
   */
  connected(proviso) {
    const wasAway = document.body.dataset.link !== "connecting";
    this.#enter("connected", proviso ?? (wasAway ? "Connected again." : ""));
    if (proviso === undefined) this.#forgetLater();
  }

  /** Says that the connection is lost. */
  lost() {
    this.#enter(
      "lost",
      "Connection lost. What you see is how it was; trying to get back…",
    );
  }

  /**
   * Says why this page is not let in.
   *
   * @param {string} sentence
   */
  refused(sentence) {
    this.#enter("refused", sentence);
  }

  /**
   * Says that a change was not taken.
   *
   * @param {string} reason
   */
  declined(reason) {
    this.#say(`Your change was not taken: ${reason}.`, "bad");
    this.#forgetLater();
  }

  /**
   * Announces to screen readers what happened.
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
   * @param {keyof typeof WORDS} state
   * @param {string} text
   */
  #enter(state, text) {
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
