// @ts-check

import { readColor } from "../../../client/views/color.ts";
import { fieldsOf, LENGTHS, readCount, readText } from "../people/wire.js";

/** @typedef {import("../../../client/views/mod.ts").CursorPosition} Position */
/** @typedef {import("../../../client/views/mod.ts").CursorSelection} Selection */

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
 * Reads an event from the wire, and checks it: other clients have published it.
 *
 * @param {unknown} message
 * @param {number} now in milliseconds
 * @returns {PresenceEvent | undefined}
 */
export function readPresenceEvent(message, now) {
  const outer = fieldsOf(message);
  const fields = fieldsOf(outer.get("payload"));
  // The clock of the service may differ from that of the page.
  const clock = { now, ahead: readNumber(outer.get("timestamp"), now) - now };
  const type = String(fields.get("type"));
  if (type === "state") {
    const users = fields.get("users");
    const people = (Array.isArray(users) ? users : [])
      .flatMap((user) => readPerson(user, clock));
    return { type, people };
  }
  if (type === "user_joined") {
    const [person] = readPerson(fields.get("presence"), clock);
    return person && { type: "joined", userId: person[0], doing: person[1] };
  }
  const userId = fields.get("user_id");
  if (typeof userId !== "string") return undefined;
  if (type === "user_left") return { type: "left", userId };
  const changed = Object.hasOwn(CHANGES, type) && CHANGES[type];
  if (!changed) return undefined;
  return { type: "changed", userId, change: changed(fields, now) };
}

/**
 * The readers of what an event changes, by its type.
 *
 * @type {Readonly<Record<string, (fields: Fields, now: number) => Partial<Doing>>>}
 */
const CHANGES = {
  cursor_moved: (fields, now) => ({ ...readCursors(fields), lastActive: now }),
  typing_changed(fields, now) {
    const isTyping = fields.get("is_typing") === true;
    return isTyping ? { isTyping, lastActive: now } : { isTyping };
  },
  viewport_changed: (_fields, now) => ({ lastActive: now }),
  activity_changed(fields, now) {
    const activity = readActivity(fields);
    return isQuiet(activity) ? { activity } : { activity, lastActive: now };
  },
  color_changed: (fields) => ({ color: readColor(fields.get("color")) }),
  user_idle: () => ({ activity: "idle" }),
};

/**
 * Reads a person and what they do.
 *
 * @param {unknown} value
 * @param {{ now: number, ahead: number }} clock
 * @returns {[userId: string, Doing][]} Nobody for a malformed value.
 */
function readPerson(value, { now, ahead }) {
  const fields = fieldsOf(value);
  const userId = fields.get("user_id");
  if (typeof userId !== "string") return [];
  return [[userId, {
    color: readColor(fields.get("color")),
    activity: readActivity(fields),
    isTyping: fields.get("is_typing") === true,
    ...readCursors(fields),
    lastActive: readNumber(fields.get("last_active_at"), now + ahead) - ahead,
  }]];
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

/** @param {Fields} fields */
function readActivity(fields) {
  return readText(fields.get("activity"), LENGTHS.word) ?? "viewing";
}

/**
 * @param {unknown} value
 * @returns {Selection | null}
 */
function readSelection(value) {
  const fields = fieldsOf(value);
  const anchor = readPosition(fields.get("anchor"));
  const head = readPosition(fields.get("head"));
  return anchor && head && { anchor, head };
}

/**
 * @param {unknown} value
 * @returns {Position | null}
 */
function readPosition(value) {
  const fields = fieldsOf(value);
  const [line, column, offset] = ["line", "column", "offset"]
    .map((name) => readCount(fields.get(name)));
  return line === undefined || column === undefined || offset === undefined
    ? null
    : { line, column, offset };
}

/**
 * @param {unknown} value
 * @param {number} otherwise
 */
function readNumber(value, otherwise) {
  return typeof value === "number" ? value : otherwise;
}
