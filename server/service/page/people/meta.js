// @ts-check

import { readColor } from "./color.js";

/**
 * What one connection says of itself. Nothing in it can be relied on: any
 * program may be at the other end.
 *
 * @typedef {object} Meta
 * @property {string} ref what tells this meta from all others
 * @property {string | undefined} name
 * @property {string | undefined} color
 * @property {string | undefined} device what a tab runs on; others have none
 * @property {string | undefined} activity
 * @property {string | undefined} availability
 * @property {string | undefined} status
 */

/** The longest name and status that are shown, in characters. */
export const LENGTHS = { name: 64, status: 80, word: 32, device: 48 };

/**
 * Takes from a meta of the wire what is as it should be.
 *
 * @param {unknown} value
 * @returns {Meta}
 */
export function readMeta(value) {
  const fields = new Map(
    typeof value === "object" && value !== null ? Object.entries(value) : [],
  );
  return {
    ref: readText(fields.get("phx_ref"), Infinity) ?? "",
    name: readText(fields.get("name"), LENGTHS.name),
    color: readColor(fields.get("color")),
    device: readText(fields.get("device"), LENGTHS.device),
    activity: readText(fields.get("activity"), LENGTHS.word),
    availability: readText(fields.get("availability"), LENGTHS.word),
    status: readText(fields.get("status"), LENGTHS.status),
  };
}

/**
 * Puts a text on one line, and cuts it to a length: between words, where there
 * is a place to do so in its second half.
 *
 * @param {unknown} value
 * @param {number} length in characters
 * @returns {string | undefined} `undefined` for no text, and an empty one.
 */
export function readText(value, length) {
  if (typeof value !== "string") return undefined;
  const line = value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  const characters = [...line];
  if (characters.length <= length) return line === "" ? undefined : line;
  const kept = characters.slice(0, length - 1);
  const space = kept.lastIndexOf(" ");
  const end = space > length / 2 ? space : kept.length;
  return `${kept.slice(0, end).join("")}…`;
}
