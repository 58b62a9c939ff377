// @ts-check
/// <reference lib="dom" />

import { copyOf, find, made, show } from "../people/dom.js";
import { initialsOf } from "../people/names.js";
import { paint } from "../people/paint.js";
import {
  ACTIVITIES,
  AVAILABILITIES,
  counted,
  wordFor,
} from "../people/words.js";

/** @typedef {import("../people/person.js").Person} Person */
/** @typedef {import("../people/meta.js").Meta} Meta */

/**
 * How a chip is to look beside what the person says.
 *
 * @typedef {object} ChipState
 * @property {boolean} you
 * @property {boolean} invisible only oneself sees it
 * @property {boolean} held waited for after a lost connection
 */

/** The chips of those who are here, one per person. */
export class Roster {
  #list;
  /** @type {Map<string, Chip>} */
  #chips = new Map();

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {readonly (readonly [Person, ChipState])[]} people in order */
  show(people) {
    const keys = new Set(people.map(([{ key }]) => key));
    for (const [key, chip] of this.#chips) {
      if (keys.has(key)) continue;
      chip.element.remove();
      this.#chips.delete(key);
    }
    for (const [index, [person, state]] of people.entries()) {
      const chip = this.#chips.get(person.key) ?? new Chip(person.key);
      this.#chips.set(person.key, chip);
      chip.show(person, state);
      const there = this.#list.children[index];
      if (there !== chip.element) {
        this.#list.insertBefore(chip.element, there ?? null);
      }
    }
  }
}

class Chip {
  element = copyOf("#chip");
  #avatar = find(".avatar", HTMLElement, this.element);
  #name = find(".name", HTMLElement, this.element);
  #tag = find(".tag", HTMLElement, this.element);
  #activity = find(".activity", HTMLElement, this.element);
  #status = find(".status", HTMLElement, this.element);
  #availability = find(".availability", HTMLElement, this.element);
  #count = find(".count", HTMLElement, this.element);
  #connections = find(".connections", HTMLElement, this.element);

  /** @param {string} key */
  constructor(key) {
    this.element.dataset.key = key;
  }

  /**
   * @param {Person} person
   * @param {ChipState} state
   */
  show(person, { you, invisible, held }) {
    this.element.toggleAttribute("data-you", you);
    this.element.toggleAttribute("data-invisible", invisible);
    this.element.toggleAttribute("data-held", held);
    show(this.#avatar, initialsOf(person.name));
    paint(this.#avatar, person.color);
    show(this.#name, person.name);
    const tag = you ? invisible ? "you, invisible" : "you" : "";
    show(this.#tag, held ? "reconnecting" : tag);
    this.#tag.hidden = this.#tag.textContent === "";
    this.#showActivity(person.activity);
    show(this.#status, person.status ?? "");
    this.#status.hidden = person.status === undefined;
    this.#showAvailability(person.availability);
    show(this.#count, countsOf(person));
    this.#showConnections(person.metas);
  }

  /** @param {string | undefined} code */
  #showActivity(code) {
    const { word, meaning } = wordFor(ACTIVITIES, code ?? "");
    const text = meaning === "" ? word : `${word}, ${meaning}`;
    this.#activity.hidden = text === "";
    this.element.dataset.activity = code ?? "";
    if (this.#activity.textContent === text) return;
    const rest = text.slice(word.length);
    this.#activity.replaceChildren(made("strong", word), rest);
  }

  /** @param {string | undefined} code */
  #showAvailability(code) {
    const { word, meaning } = wordFor(AVAILABILITIES, code ?? "");
    show(this.#availability, word);
    this.#availability.title = meaning;
    this.#availability.hidden = word === "";
    this.element.dataset.availability = code ?? "";
  }

  /** @param {readonly Meta[]} metas */
  #showConnections(metas) {
    const lines = metas.length > 1 ? connectionLines(metas) : [];
    const before = [...this.#connections.children]
      .map(({ textContent }) => textContent);
    if (before.join("\n") === lines.join("\n")) return;
    this.#connections.replaceChildren(
      ...lines.map((line) => made("li", line)),
    );
    this.#connections.hidden = lines.length === 0;
  }
}

/** @param {Person} person */
function countsOf({ tabs, devices }) {
  const parts = [counted(devices, "device")];
  if (tabs > 0) parts.unshift(counted(tabs, "tab"));
  return parts.join(" · ");
}

/**
 * Says for each device what its tabs do.
 *
 * @param {readonly Meta[]} metas
 */
function connectionLines(metas) {
  const devices = Map.groupBy(metas, ({ device }) => device ?? "Other device");
  return [...devices].map(([device, metas]) => {
    const words = new Set(
      metas.flatMap(({ activity }) =>
        activity === undefined
          ? []
          : wordFor(ACTIVITIES, activity).word.toLowerCase()
      ),
    );
    const tabs = metas.length > 1 ? `, ${counted(metas.length, "tab")}` : "";
    const doing = words.size > 0 ? `: ${[...words].sort().join(", ")}` : "";
    return `${device}${tabs}${doing}`;
  });
}
