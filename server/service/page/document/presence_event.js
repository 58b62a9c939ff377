// @ts-check

import { readColor } from "../people/color.js";
import { fieldsOf, LENGTHS, readCount, readText } from "../people/wire.js";

/** @typedef {import("./cursor_renderer.js").Position} Position */
/** @typedef {import("./cursor_renderer.js").Selection} Selection */

/**
 * What somebody does in a document.
 *
 * @typedef {object} Doing
 * @property {string | undefined} color
 * @property {string} activity
 * @property {boolean} isTyping
 * @property {Position | null} cursor
 * @property {Selection | null} selection
 * @property {number} lastActive by the clock of this page
 */

/**
 * A `presence` event of the service.
 *
 * @typedef {{ type: "state", people: readonly (readonly [string, Doing])[] }
 *   | { type: "joined", userId: string, doing: Doing }
 *   | { type: "changed", userId: string, change: Partial<Doing> }
 *   | { type: "left", userId: string }} PresenceEvent
 */

/** @typedef {ReadonlyMap<string, unknown>} Fields */

/**
 * Reads an event from the wire. Nothing in it can be relied on: other clients have
 * published it.
 *
 * @param {unknown} message
 * @param {number} now in milliseconds
 * @returns {PresenceEvent | undefined}
 */
export function readPresenceEvent(message, now) {
  const outer = fieldsOf(message);
  const fields = fieldsOf(outer.get("payload"));
  const timestamp = readNumber(outer.get("timestamp")) ?? now;
  // The clock of the service may differ from that of the page.
  const clock = { now, ahead: timestamp - now };
  const type = fields.get("type");
  if (type === "state") {
    const users = fields.get("users");
    const people = (Array.isArray(users) ? users : []).flatMap((user) => {
      const fields = fieldsOf(user);
      const userId = fields.get("user_id");
      if (typeof userId !== "string") return [];
      return [/** @type {const} */ ([userId, readDoing(fields, clock)])];
    });
    return { type: "state", people };
  }
  if (type === "user_joined") {
    const presence = fieldsOf(fields.get("presence"));
    const userId = presence.get("user_id");
    if (typeof userId !== "string") return undefined;
    return { type: "joined", userId, doing: readDoing(presence, clock) };
  }
  const userId = fields.get("user_id");
  if (typeof userId !== "string") return undefined;
  if (type === "user_left") return { type: "left", userId };
  const change = changeOf(type, fields, now);
  return change && { type: "changed", userId, change };
}

/**
 * @param {unknown} type
 * @param {Fields} fields
 * @param {number} now
 * @returns {Partial<Doing> | undefined}
 */
function changeOf(type, fields, now) {
  switch (type) {
    case "cursor_moved":
      return { ...readCursors(fields), lastActive: now };
    case "typing_changed": {
      const isTyping = fields.get("is_typing") === true;
      return isTyping ? { isTyping, lastActive: now } : { isTyping };
    }
    case "viewport_changed":
      return { lastActive: now };
    case "activity_changed": {
      const activity = readActivity(fields.get("activity"));
      return isQuiet(activity) ? { activity } : { activity, lastActive: now };
    }
    case "color_changed":
      return { color: readColor(fields.get("color")) };
    case "user_idle":
      return { activity: "idle" };
    default:
      return undefined;
  }
}

/**
 * @param {Fields} fields
 * @param {{ now: number, ahead: number }} clock
 * @returns {Doing}
 */
function readDoing(fields, { now, ahead }) {
  const lastActiveAt = readNumber(fields.get("last_active_at"));
  return {
    color: readColor(fields.get("color")),
    activity: readActivity(fields.get("activity")),
    isTyping: fields.get("is_typing") === true,
    ...readCursors(fields),
    lastActive: lastActiveAt === undefined ? now : lastActiveAt - ahead,
  };
}

/** @param {Fields} fields */
function readCursors(fields) {
  return {
    cursor: readPosition(fields.get("cursor")),
    selection: readSelection(fields.get("selection")),
  };
}

/**
 * Reports whether an activity is to do nothing.
 *
 * @param {string} activity
 * @returns {boolean}
 */
export function isQuiet(activity) {
  return activity === "idle" || activity === "away";
}

/** @param {unknown} value */
function readActivity(value) {
  return readText(value, LENGTHS.word) ?? "viewing";
}

/**
 * @param {unknown} value
 * @returns {Selection | null}
 */
function readSelection(value) {
  const fields = fieldsOf(value);
  const anchor = readPosition(fields.get("anchor"));
  const head = readPosition(fields.get("head"));
  if (anchor === null || head === null) return null;
  return { anchor, head };
}

/**
 * @param {unknown} value
 * @returns {Position | null}
 */
function readPosition(value) {
  const fields = fieldsOf(value);
  const [line, column, offset] = ["line", "column", "offset"]
    .map((name) => readCount(fields.get(name)));
  if (line === undefined || column === undefined || offset === undefined) {
    return null;
  }
  return { line, column, offset };
}

/**
 * @param {unknown} value
 * @returns {number | undefined}
 */
function readNumber(value) {
  return typeof value === "number" ? value : undefined;
}
