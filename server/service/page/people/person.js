// @ts-check

import { colorOf, readColor } from "../../../client/views/color.ts";
import { fieldsOf, LENGTHS, readText } from "./wire.js";
import { ACTIVITIES, AVAILABILITIES, foremost } from "./words.js";

/**
 * What one connection says of its person.
 *
 * @typedef {object} Meta
 * @property {string | undefined} name
 * @property {string | undefined} color
 * @property {string | undefined} device what a tab runs on; `undefined` for
 * other programs
 * @property {string | undefined} activity
 * @property {string | undefined} availability
 * @property {string | undefined} status
 */

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
 * @property {number} devices how many different devices, with or without tabs
 * @property {readonly Meta[]} metas one per connection
 */

/**
 * Reads the valid fields of a meta.
 *
 * @param {unknown} value
 * @returns {Meta}
 */
export function readMeta(value) {
  const fields = fieldsOf(value);
  return {
    name: readText(fields.get("name"), LENGTHS.name),
    color: readColor(fields.get("color")),
    device: readText(fields.get("device"), LENGTHS.device),
    activity: readText(fields.get("activity"), LENGTHS.word),
    availability: readText(fields.get("availability"), LENGTHS.word),
    status: readText(fields.get("status"), LENGTHS.status),
  };
}

/**
 * Makes a person of what their connections say.
 *
 * @param {string} key
 * @param {readonly unknown[]} values the metas, as they came over the wire
 * @returns {Person}
 */
export function personOf(key, values) {
  const metas = values.map(readMeta);
  /**
   * All that the connections say in a field, the newest connection last.
   *
   * @param {keyof Meta} field
   */
  const all = (field) => metas.flatMap((meta) => meta[field] ?? []);
  const devices = all("device");
  return {
    key,
    name: all("name").at(-1) ?? readText(key, LENGTHS.name) ?? "nameless",
    color: all("color").at(-1) ?? colorOf(key),
    activity: foremost(ACTIVITIES, all("activity")),
    availability: foremost(AVAILABILITIES, all("availability")),
    status: all("status").at(-1),
    tabs: devices.length,
    devices: new Set(devices).size + metas.length - devices.length,
    metas,
  };
}

/**
 * Makes an order for people: oneself first, the others by name.
 *
 * @param {string} self the key of the one who looks
 * @returns {(a: Person, b: Person) => number}
 */
export function inOrder(self) {
  return (a, b) =>
    Number(b.key === self) - Number(a.key === self) ||
    a.name.localeCompare(b.name, undefined, { numeric: true }) ||
    (a.key < b.key ? -1 : 1);
}
