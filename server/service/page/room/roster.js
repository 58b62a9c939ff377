// @ts-check
/// <reference lib="dom" />

import { paintAs } from "../../../client/views/color.ts";
import { copyOf, find, made, show, showOrHide } from "../people/dom.js";
import { showList, showWho } from "../people/people_list.js";
import {
  ACTIVITIES,
  AVAILABILITIES,
  counted,
  wordOf,
} from "../people/words.js";

/** @typedef {import("./person.js").Connection} Connection */
/** @typedef {import("./person.js").RoomPerson} RoomPerson */

/**
 * Shows a chip for each person who is here.
 *
 * @param {HTMLElement} list
 * @param {readonly RoomPerson[]} people in order
 */
export function showRoster(list, people) {
  showList(list, people, () => copyOf("#chip"), (chip, person) => {
    const { activity, availability, status, connections } = person;
    const part = (/** @type {string} */ selector) =>
      find(selector, HTMLElement, chip);
    showWho(chip, person);
    chip.dataset.availability = availability;
    showActivity(part(".activity"), activity);
    showOrHide(part(".status"), status);
    showOrHide(part(".availability"), wordOf(availability));
    part(".availability").title = AVAILABILITIES.get(availability) ?? "";
    show(part(".count"), countsOf(person));
    const lines = connections.length > 1 ? linesOf(connections) : [];
    const list = part(".connections");
    list.hidden = lines.length === 0;
    showList(
      list,
      lines.map((id) => ({ id })),
      () => made("li", ""),
      (item, { id }) => show(item, id),
    );
  });
}

/**
 * @param {HTMLElement} element
 * @param {string} code
 */
function showActivity(element, code) {
  const meaning = ACTIVITIES.get(code);
  const rest = meaning === undefined ? "" : `, ${meaning}`;
  element.hidden = code === "";
  if (element.textContent === wordOf(code) + rest) return;
  element.replaceChildren(made("strong", wordOf(code)), rest);
}

/** @param {RoomPerson} person */
function countsOf({ tabs, devices }) {
  const parts = [counted(devices, "device")];
  if (tabs > 0) parts.unshift(counted(tabs, "tab"));
  return parts.join(" · ");
}

/**
 * Describes for each device what its tabs do.
 *
 * @param {readonly Connection[]} connections
 */
function linesOf(connections) {
  const devices = Map.groupBy(
    connections,
    ({ device }) => device ?? "Other device",
  );
  return [...devices].map(([device, own]) => {
    const codes = new Set(own.map(({ activity }) => activity));
    codes.delete("");
    const tabs = own.length > 1 ? `, ${counted(own.length, "tab")}` : "";
    return device + tabs +
      (codes.size > 0 ? `: ${[...codes].sort().join(", ")}` : "");
  });
}

const FORMAT = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];

/**
 * Shows who left, and how long ago that was.
 *
 * @param {HTMLElement} list
 * @param {readonly { person: RoomPerson, at: number }[]} departed
 * @param {number} now in milliseconds
 */
export function showDepartures(list, departed, now) {
  const items = departed.map(({ person, at }) => ({ ...person, at }));
  const make = () => copyOf("#departure");
  showList(list, items, make, (item, { id, name, color, at }) => {
    paintAs(find(".dot", HTMLElement, item), { userId: id, color });
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
 */
export function ago(ms) {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? [];
  // A count of seconds would change all the time.
  if (!unit || !length) return ms < 10_000 ? "just now" : "moments ago";
  return FORMAT.format(-Math.floor(ms / length), unit);
}
