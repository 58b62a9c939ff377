// @ts-check

import { colorOf } from "./color.js";
import { LENGTHS, readMeta, readText } from "./meta.js";
import { ACTIVITIES, AVAILABILITIES, foremost } from "./words.js";

/** @typedef {import("./meta.js").Meta} Meta */

/**
 * Somebody who is here: what their connections say, taken together.
 *
 * @typedef {object} Person
 * @property {string} key
 * @property {string} name
 * @property {string} color
 * @property {string | undefined} activity
 * @property {string | undefined} availability
 * @property {string | undefined} status
 * @property {number} tabs how many pages like this one
 * @property {number} devices how many different things, with or without tabs
 * @property {readonly Meta[]} metas one per connection
 */

/**
 * @param {string} key
 * @param {readonly unknown[]} values the metas, as they came over the wire
 * @returns {Person}
 */
export function personOf(key, values) {
  const metas = values.map(readMeta);
  // Who has said something last is believed.
  const named = metas.findLast(({ name }) => name !== undefined);
  const tabs = metas.filter(({ device }) => device !== undefined);
  const others = metas.length - tabs.length;
  return {
    key,
    name: named?.name ?? readText(key, LENGTHS.name) ?? "nameless",
    color: metas.findLast(({ color }) => color !== undefined)?.color ??
      colorOf(key),
    activity: foremost(
      ACTIVITIES,
      metas.flatMap((meta) => meta.activity ?? []),
    ),
    availability: foremost(
      AVAILABILITIES,
      metas.flatMap((meta) => meta.availability ?? []),
    ),
    status: metas.findLast(({ status }) => status !== undefined)?.status,
    tabs: tabs.length,
    devices: new Set(tabs.map(({ device }) => device)).size + others,
    metas,
  };
}

/**
 * An order for people: oneself first, the others by name.
 *
 * @param {string} self the key of the one who looks
 * @returns {(a: Person, b: Person) => number}
 */
export function inOrder(self) {
  return (a, b) => {
    const own = Number(b.key === self) - Number(a.key === self);
    if (own !== 0) return own;
    return a.name.localeCompare(b.name, undefined, { numeric: true }) ||
      (a.key < b.key ? -1 : 1);
  };
}
