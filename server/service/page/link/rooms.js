// @ts-check

import { readText } from "../people/wire.js";
import { nameOf } from "../people/names.js";

/** @typedef {"room" | "document"} Kind */

/** The path of each kind of room, and the room that it shows by default. */
const PLACES = {
  room: { path: "/", usual: "lobby" },
  document: { path: "/document", usual: "shared" },
};

const LONGEST_NAME = 128;

/**
 * A room of a kind. The name of the default room is `undefined`.
 *
 * @typedef {object} Room
 * @property {Kind} kind
 * @property {string | undefined} name
 */

/**
 * Reads which room an address shows.
 *
 * @param {Kind} kind the page
 * @param {URLSearchParams} parameters of its address
 * @returns {Room}
 */
export function roomOf(kind, parameters) {
  return { kind, name: readText(parameters.get(kind), LONGEST_NAME) };
}

/**
 * Names the topic of a room, such as `room:lobby`.
 *
 * @param {Room} room
 * @returns {string}
 */
export function topicOf({ kind, name = PLACES[kind].usual }) {
  return `${kind}:${name}`;
}

/**
 * Makes the path and the query that show a room.
 *
 * @param {Room} room
 * @param {boolean} [asGuest] whether the tab is a person of its own
 * @returns {string}
 */
export function addressOf({ kind, name }, asGuest = false) {
  const parameters = new URLSearchParams();
  if (name !== undefined) parameters.set(kind, name);
  if (asGuest) parameters.set("guest", "");
  const query = parameters.size > 0 ? `?${parameters}` : "";
  return `${PLACES[kind].path}${query}`;
}

/**
 * Makes up a name for a new room.
 *
 * @returns {string} such as `brisk-otter-1a2b3c`
 */
export function newName() {
  const [choice = 0, suffix = 0] = crypto.getRandomValues(new Uint32Array(2));
  const words = nameOf(String(choice)).toLowerCase().replaceAll(" ", "-");
  return `${words}-${suffix.toString(36)}`;
}
