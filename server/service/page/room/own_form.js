// @ts-check
/// <reference lib="dom" />

import { find, made, show } from "../people/dom.js";
import { ACTIVITIES, AVAILABILITIES, wordFor } from "../people/words.js";

/** @typedef {import("../people/profile.js").Profile} Profile */
/** @typedef {Omit<Profile, "key"> & { activity: string }} Choices */

/** How long typing may pause before what has been typed is published. */
const PAUSE_MS = 400;

/** The form in which one says who one is, and what one is doing. */
export class OwnForm {
  #form = find("#you", HTMLFormElement);
  #name = find("#name", HTMLInputElement);
  #activity = find("#activity", HTMLSelectElement);
  #availability = find("#availability", HTMLElement);
  #meaning = find("#availability-meaning", HTMLElement);
  #status = find("#status", HTMLInputElement);
  #invisible = find("#invisible", HTMLInputElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} nameless the name of those who give none
   * @param {(choices: Choices) => void} onChange
   */
  constructor(nameless, onChange) {
    this.#name.placeholder = nameless;
    this.#activity.append(...[...ACTIVITIES].reverse().map(optionOf));
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
   * Shows what has been chosen, in another tab perhaps.
   *
   * @param {Choices} choices
   */
  show({ name, activity, availability, status, invisible }) {
    // What is being typed stays.
    if (this.#timer === undefined) {
      this.#name.value = name;
      this.#status.value = status;
    }
    this.#activity.value = activity;
    this.#radio(availability).checked = true;
    this.#invisible.checked = invisible;
    this.#showMeaning();
  }

  /** @returns {Choices} */
  #read() {
    return {
      name: this.#name.value,
      activity: this.#activity.value,
      availability: this.#chosen(),
      status: this.#status.value,
      invisible: this.#invisible.checked,
    };
  }

  #chosen() {
    return find("input:checked", HTMLInputElement, this.#availability).value;
  }

  #showMeaning() {
    show(this.#meaning, wordFor(AVAILABILITIES, this.#chosen()).meaning);
  }

  /** @param {string} code */
  #radio(code) {
    const selector = `input[value="${CSS.escape(code)}"]`;
    return find(selector, HTMLInputElement, this.#availability);
  }
}

/** @param {import("../people/words.js").Word} word */
function optionOf({ code, word, meaning }) {
  const option = made("option", `${word}: ${meaning}`);
  option.value = code;
  return option;
}
