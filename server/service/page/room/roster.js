// @ts-check
/// <reference lib="dom" />

import { copyOf, find, made, show } from "../people/dom.js";
import { showList, showWho } from "../people/people_list.js";
import {
  ACTIVITIES,
  AVAILABILITIES,
  counted,
  wordFor,
} from "../people/words.js";

/** @typedef {import("../people/people_list.js").ShownPerson} ShownPerson */
/** @typedef {import("../people/person.js").Meta} Meta */

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
  const part = (/** @type {string} */ selector) =>
    find(selector, HTMLElement, chip);
  const { activity = "", availability = "", status = "", metas } = person;
  showWho(chip, person);
  chip.dataset.activity = activity;
  showActivity(part(".activity"), activity);
  show(part(".status"), status);
  part(".status").hidden = status === "";
  chip.dataset.availability = availability;
  const { word, meaning } = wordFor(AVAILABILITIES, availability);
  show(part(".availability"), word);
  part(".availability").title = meaning;
  part(".availability").hidden = word === "";
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
