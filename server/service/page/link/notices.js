// @ts-check
/// <reference lib="dom" />

import { find, made, show } from "../people/dom.js";

/** @typedef {import("../../../client/mod.ts").RoomStatus["type"]} Status */

/** How long to show news that need no action. */
const SHORT_NEWS_MS = 5_000;

/** How many announcements to keep for people who read them again. */
const MOST_ANNOUNCED = 30;

/** @type {Partial<Record<Status, string>>} */
const WORDS = { live: "Live", reconnecting: "Offline", refused: "Refused" };

const LOST = "Connection lost. What you see is how it was; trying to get back…";

/** What the page says about its connection, and who joins and leaves. */
export class Notices {
  #banner = find("#banner", HTMLElement);
  #log = find("#log", HTMLElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #shown = "";

  /**
   * Says how the connection is, once for each change.
   *
   * @param {Status} status
   * @param {string} [proviso] is shown as long as it is so
   */
  connection(status, proviso = "") {
    const { dataset } = document.body;
    const shown = status + proviso;
    if (shown === this.#shown) return;
    this.#shown = shown;
    const isBack = status === "live" && dataset.link !== "connecting";
    const news = isBack ? "Connected again." : "";
    dataset.link = status;
    show(find("#link", HTMLElement), WORDS[status] ?? "Connecting");
    this.#say(
      proviso || (status === "reconnecting" ? LOST : news),
      status === "live" ? "good" : "bad",
    );
    if (proviso === "" && isBack) this.#forgetLater();
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
