// @ts-check
/// <reference lib="dom" />

import { paint } from "../../../client/views/color.ts";
import { copyOf, find, made, show, showOrHide } from "../people/dom.js";
import { showList, showWho } from "../people/people_list.js";
import {
  ACTIVITIES,
  AVAILABILITIES,
  counted,
  wordFor,
} from "../people/words.js";

/** @typedef {import("../people/people_list.js").ShownPerson} ShownPerson */
/** @typedef {import("../people/person.js").Meta} Meta */
/** @typedef {import("../people/person.js").Person} Person */

/**
 * Shows a chip for each person who is here.
 *
 * @param {HTMLElement} list
 * @param {readonly ShownPerson[]} people in order
 */
export function showRoster(list, people) {
  showList(list, people, () => copyOf("#chip"), showChip);
}

/**
 * @param {HTMLElement} chip
 * @param {ShownPerson} person
 */
function showChip(chip, person) {
  /** @param {string} selector */
  const part = (selector) => find(selector, HTMLElement, chip);
  const { activity = "", availability = "", status = "", metas } = person;
  showWho(chip, person);
  chip.dataset.availability = availability;
  showActivity(part(".activity"), activity);
  showOrHide(part(".status"), status);
  const { word, meaning } = wordFor(AVAILABILITIES, availability);
  showOrHide(part(".availability"), word);
  part(".availability").title = meaning;
  show(part(".count"), countsOf(person));
  showConnections(part(".connections"), metas);
}

/**
 * @param {HTMLElement} element
 * @param {string} code
 */
function showActivity(element, code) {
  const { word, meaning } = wordFor(ACTIVITIES, code);
  const rest = meaning === "" ? "" : `, ${meaning}`;
  element.hidden = word === "";
  if (element.textContent === word + rest) return;
  element.replaceChildren(made("strong", word), rest);
}

/**
 * @param {HTMLElement} list
 * @param {readonly Meta[]} metas
 */
function showConnections(list, metas) {
  const lines = metas.length > 1 ? connectionLines(metas) : [];
  list.hidden = lines.length === 0;
  showList(
    list,
    lines.map((line) => ({ key: line })),
    () => made("li", ""),
    (item, { key }) => show(item, key),
  );
}

/** @param {ShownPerson} person */
function countsOf({ tabs, devices }) {
  const parts = [counted(devices, "device")];
  if (tabs > 0) parts.unshift(counted(tabs, "tab"));
  return parts.join(" · ");
}

/**
 * Describes for each device what its tabs do.
 *
 * @param {readonly Meta[]} metas
 */
function connectionLines(metas) {
  const devices = Map.groupBy(metas, ({ device }) => device ?? "Other device");
  return [...devices].map(([device, metas]) => {
    const codes = metas.flatMap(({ activity }) => activity ?? []);
    const words = codes.map((code) => wordFor(ACTIVITIES, code).word);
    const unique = [...new Set(words.map((word) => word.toLowerCase()))];
    const tabs = metas.length > 1 ? `, ${counted(metas.length, "tab")}` : "";
    const doing = unique.length > 0 ? `: ${unique.sort().join(", ")}` : "";
    return `${device}${tabs}${doing}`;
  });
}

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
  const make = () => copyOf("#departure");
  showList(list, items, make, (item, { name, color, at }) => {
    paint(find(".dot", HTMLElement, item), color);
    show(find("bdi", HTMLElement, item), name);
    const time = find("time", HTMLTimeElement, item);
    time.dateTime = new Date(at).toISOString();
    show(time, ago(now - at));
  });
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
