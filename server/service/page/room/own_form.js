// @ts-check
/// <reference lib="dom" />

import { find, made, show } from "../people/dom.js";
import { ACTIVITIES, AVAILABILITIES, wordOf } from "../people/words.js";

/**
 * @typedef {Omit<import("../people/profile.js").Profile, "key"> & { activity: string }} Choices
 */

/** How long to wait for more letters before publishing what was typed. */
const PAUSE_MS = 400;

/** The form in which people say who they are, and what they are doing. */
export class OwnForm {
  #form = find("#you", HTMLFormElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} nameless the name of people who give none
   * @param {(choices: Choices) => void} onChange
   */
  constructor(nameless, onChange) {
    find("#name", HTMLInputElement).placeholder = nameless;
    const options = [...ACTIVITIES].reverse().map(([code, meaning]) => {
      const option = made("option", `${wordOf(code)}: ${meaning}`);
      option.value = code;
      return option;
    });
    find("#activity", HTMLSelectElement).append(...options);
    const publish = () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#showMeaning();
      onChange(this.#read());
    };
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      publish();
    });
    this.#form.addEventListener("change", publish);
    this.#form.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(publish, PAUSE_MS);
    });
  }

  /**
   * Shows what has been chosen, perhaps in another tab.
   *
   * @param {Choices} choices
   */
  show({ name, activity, availability, status, invisible }) {
    // What is being typed stays.
    const typed = this.#timer === undefined ? { name, status } : {};
    const values = { activity, availability, ...typed };
    for (const [name, value] of Object.entries(values)) {
      const field = this.#form.elements.namedItem(name);
      if (field && "value" in field) field.value = value;
    }
    find("#invisible", HTMLInputElement).checked = invisible;
    this.#showMeaning();
  }

  /** @returns {Choices} */
  #read() {
    const data = new FormData(this.#form);
    const [name = "", activity = "", availability = "", status = ""] = [
      "name",
      "activity",
      "availability",
      "status",
    ]
      .map((field) => String(data.get(field)));
    const invisible = data.has("invisible");
    return { name, activity, availability, status, invisible };
  }

  #showMeaning() {
    const meaning = AVAILABILITIES.get(this.#read().availability) ?? "";
    show(find("#availability-meaning", HTMLElement), meaning);
  }
}
