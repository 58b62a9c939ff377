import { find, show } from "../people/dom.ts";
import { nameOf } from "../people/names.ts";
import { readText } from "../people/text.ts";
import type { Token } from "./token.ts";
import { offerCopy } from "./try_it.ts";

/** The path of each kind of room, and the room that it shows by default. */
const PLACES = {
  room: { path: "/", usual: "lobby" },
  document: { path: "/document", usual: "shared" },
};

/** What a page shows. */
export type Kind = keyof typeof PLACES;

const LONGEST_NAME = 128;

/** Returns the name in an address; `undefined` for the default room. */
export function nameIn(kind: Kind, parameters: URLSearchParams) {
  return readText(parameters.get(kind), LONGEST_NAME);
}

/** Names the topic of a room, such as `room:lobby`. */
export function topicOf(kind: Kind, name = PLACES[kind].usual): string {
  return `${kind}:${name}`;
}

/** Makes the path and the query that show a room. */
function addressOf(
  kind: Kind,
  name: string | undefined,
  more: Readonly<Record<string, string>> = {},
) {
  const own = name === undefined ? {} : { [kind]: name };
  const query = new URLSearchParams({ ...own, ...more });
  return `${PLACES[kind].path}${query.size > 0 ? `?${query}` : ""}`;
}

/**
 * Fills in the links: to this room for further tabs, to the room of the other kind
 * that has the same name, and to a new room.
 */
export function offerRooms(
  kind: Kind,
  name: string | undefined,
  token: Token | undefined,
) {
  for (const kind of ["room", "document"] as const) {
    const link = find(`[data-kind="${kind}"]`, HTMLAnchorElement);
    link.href = addressOf(kind, name);
    show(link, topicOf(kind, name));
  }
  const guest = find("#guest", HTMLAnchorElement);
  guest.href = addressOf(kind, name, { guest: "" });
  find("#new-room", HTMLAnchorElement).href = addressOf(kind, newName());
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
