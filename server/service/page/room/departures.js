// @ts-check
/// <reference lib="dom" />

import { ago } from "./ago.js";
import { made, show } from "../people/dom.js";
import { paint } from "../people/paint.js";

/** @typedef {import("../people/person.js").Person} Person */

/**
 * Shows who left, and how long ago that was.
 *
 * @param {HTMLElement} list
 * @param {readonly { person: Person, at: number }[]} departed
 * @param {number} now in milliseconds
 */
export function showDepartures(list, departed, now) {
  const wanted = departed.map(({ person }) => person.key).join("\n");
  if (list.dataset.keys !== wanted) {
    list.dataset.keys = wanted;
    list.replaceChildren(...departed.map(({ person }) => itemOf(person)));
  }
  for (const [index, { at }] of departed.entries()) {
    const time = list.children[index]?.querySelector("time");
    if (!time) continue;
    time.dateTime = new Date(at).toISOString();
    show(time, ago(now - at));
  }
}

/** @param {Person} person */
function itemOf(person) {
  const item = made("li", "", "departure");
  item.dataset.key = person.key;
  const dot = made("span", "", "dot");
  paint(dot, person.color);
  const name = made("bdi", person.name);
  item.append(dot, name, made("time", "", "soft"));
  return item;
}
