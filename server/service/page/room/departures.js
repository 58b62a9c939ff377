// @ts-check
/// <reference lib="dom" />

import { paint } from "../people/color.js";
import { find, made, show } from "../people/dom.js";
import { showList } from "../people/people_list.js";

/** @typedef {import("../people/person.js").Person} Person */

const FORMAT = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];

/**
 * Shows who left, and how long ago that was.
 *
 * @param {HTMLElement} list
 * @param {readonly { person: Person, at: number }[]} departed
 * @param {number} now in milliseconds
 */
export function showDepartures(list, departed, now) {
  const items = departed.map(({ person, at }) => ({ ...person, at }));
  showList(list, items, makeItem, (item, { name, color, at }) => {
    paint(find(".dot", HTMLElement, item), color);
    show(find("bdi", HTMLElement, item), name);
    const time = find("time", HTMLTimeElement, item);
    time.dateTime = new Date(at).toISOString();
    show(time, ago(now - at));
  });
}

function makeItem() {
  const item = made("li", "", "departure");
  item.append(made("span", "", "dot"), made("bdi", ""));
  item.append(made("time", "", "soft"));
  return item;
}

/**
 * Returns how long ago something was: `2 minutes ago`.
 *
 * @param {number} ms
 * @returns {string}
 */
export function ago(ms) {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ??
    ["second", 1_000];
  // A count of seconds would change all the time.
  if (unit === "second") return ms < 10_000 ? "just now" : "moments ago";
  return FORMAT.format(-Math.floor(ms / length), unit);
}
