// @ts-check
/// <reference lib="dom" />

import { copyOf, find, show } from "../people/dom.js";
import { initialsOf } from "../people/names.js";
import { paint } from "../people/paint.js";
import { counted, DOCUMENT_ACTIVITIES, wordFor } from "../people/words.js";

/**
 * @typedef {object} Participant
 * @property {string} key
 * @property {string} name
 * @property {string} color
 * @property {boolean} you
 * @property {boolean} held waited for after a lost connection
 * @property {number} tabs
 * @property {import("./presence_event.js").Doing | undefined} doing
 */

/** Those who are in a document, one line for each. */
export class ParticipantList {
  #list;
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {readonly Participant[]} participants in order */
  show(participants) {
    const keys = new Set(participants.map(({ key }) => key));
    for (const [key, item] of this.#items) {
      if (keys.has(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
    for (const [index, participant] of participants.entries()) {
      const item = this.#items.get(participant.key) ?? copyOf("#participant");
      this.#items.set(participant.key, item);
      fill(item, participant);
      const there = this.#list.children[index];
      if (there !== item) this.#list.insertBefore(item, there ?? null);
    }
  }
}

/**
 * @param {HTMLElement} item
 * @param {Participant} participant
 */
function fill(item, participant) {
  const { key, name, color, you, held, doing } = participant;
  const activity = doing?.activity ?? "";
  item.dataset.key = key;
  item.dataset.activity = activity;
  item.toggleAttribute("data-you", you);
  item.toggleAttribute("data-held", held);
  const avatar = find(".avatar", HTMLElement, item);
  show(avatar, initialsOf(name));
  paint(avatar, color);
  show(find(".name", HTMLElement, item), name);
  const tag = find(".tag", HTMLElement, item);
  show(tag, held ? "reconnecting" : you ? "you" : "");
  tag.hidden = tag.textContent === "";
  const { word, meaning } = wordFor(DOCUMENT_ACTIVITIES, activity);
  const does = find(".does", HTMLElement, item);
  show(does, word);
  does.title = meaning;
  show(find(".place", HTMLElement, item), placeOf(participant));
}

/** @param {Participant} participant */
function placeOf({ tabs, doing }) {
  const parts = [];
  if (doing?.cursor) parts.push(`line ${doing.cursor.line + 1}`);
  if (tabs > 1) parts.push(counted(tabs, "tab"));
  return parts.join(" · ");
}
