// @ts-check
/// <reference lib="dom" />

import { find, show } from "../people/dom.js";
import { nameOf } from "../people/names.js";
import { readText } from "../people/text.js";
import { offerCopy } from "./try_it.js";

/** @typedef {"room" | "document"} Kind */

/** The path of each kind of room, and the room that it shows by default. */
const PLACES = {
  room: { path: "/", usual: "lobby" },
  document: { path: "/document", usual: "shared" },
};

const LONGEST_NAME = 128;

/**
 * Returns the name in an address; `undefined` for the default room.
 *
 * @param {Kind} kind the page
 * @param {URLSearchParams} parameters of its address
 */
export function nameIn(kind, parameters) {
  return readText(parameters.get(kind), LONGEST_NAME);
}

/**
 * Names the topic of a room, such as `room:lobby`.
 *
 * @param {Kind} kind
 * @param {string} [name]
 */
export function topicOf(kind, name = PLACES[kind].usual) {
  return `${kind}:${name}`;
}

/**
 * Makes the path and the query that show a room.
 *
 * @param {Kind} kind
 * @param {string | undefined} name
 * @param {Record<string, string>} [more] parameters
 */
function addressOf(kind, name, more = {}) {
  const own = name === undefined ? {} : { [kind]: name };
  const query = new URLSearchParams({ ...own, ...more });
  return `${PLACES[kind].path}${query.size > 0 ? `?${query}` : ""}`;
}

/**
 * Fills in the links: to this room for further tabs, to the room of the other kind
 * that has the same name, and to a new room.
 *
 * @param {Kind} kind
 * @param {string | undefined} name
 * @param {import("./token.js").Token | undefined} token
 */
export function offerRooms(kind, name, token) {
  for (const kind of /** @type {const} */ (["room", "document"])) {
    const link = find(`[data-kind="${kind}"]`, HTMLAnchorElement);
    link.href = addressOf(kind, name);
    show(link, topicOf(kind, name));
  }
  const guest = find("#guest", HTMLAnchorElement);
  guest.href = addressOf(kind, name, { guest: "" });
  const fresh = find("#new-room", HTMLAnchorElement);
  fresh.href = addressOf(kind, newName());
  const here = addressOf(kind, name);
  const { href } = new URL(here, location.href);
  offerCopy(find("#copy-address", HTMLButtonElement), href);
  const second = document.querySelector("#second-tab");
  second?.setAttribute("href", here);
  if (token === undefined) return;
  // Only another token makes somebody else. A new tab gets the store, and so the
  // token, of its opener only.
  guest.closest("li")?.remove();
  second?.setAttribute("rel", "opener");
}

/** Makes up a name for a new room, such as `brisk-otter-1a2b3c`. */
function newName() {
  const [choice = 0, suffix = 0] = crypto.getRandomValues(new Uint32Array(2));
  const words = nameOf(String(choice)).toLowerCase().replaceAll(" ", "-");
  return `${words}-${suffix.toString(36)}`;
}
