// @ts-check
/// <reference lib="dom" />

import { find, show } from "../people/dom.js";
import { addressOf, newName, topicOf } from "./rooms.js";

const WITH_TOKEN =
  "Be here for a minute with any program that speaks HTTP and has your token:";

/** How long a button says that it has copied. */
const COPIED_MS = 2_000;

/** @typedef {import("./token.js").Token} Token */

/**
 * Shows the command that publishes a robot into the room. With a token, it
 * publishes a device of one's own: nobody can publish as somebody else then.
 *
 * @param {string} topic
 * @param {Token | undefined} token
 */
export function offerCommand(topic, token) {
  const update = {
    ...token ? { resource: "robot" } : { subject: "robot" },
    context: topic,
    ttlMs: 60_000,
    facets: { activity: "acting" },
  };
  // Somebody may look over a shoulder: the token itself is not shown.
  const authorization = token ? `-H "authorization: Bearer $TOKEN" ` : "";
  // The name of a room comes from a link, which must not inject a command.
  const json = JSON.stringify(update).replaceAll("'", "'\\''");
  const text = `curl ${location.origin}/v1/updates ${authorization}` +
    `-H 'content-type: application/json' -d '${json}'`;
  if (token) show(find("#command-about", HTMLElement), WITH_TOKEN);
  show(find("#command", HTMLElement), text);
  offerCopy(find("#copy", HTMLButtonElement), text);
}

/**
 * Fills in the links: to this room for further tabs, to the room of the other kind
 * that has the same name, and to a new room.
 *
 * @param {import("./rooms.js").Room} here
 * @param {Token | undefined} token
 */
export function offerRooms(here, token) {
  for (const kind of /** @type {const} */ (["room", "document"])) {
    const room = { ...here, kind };
    const link = find(`[data-kind="${kind}"]`, HTMLAnchorElement);
    link.href = addressOf(room);
    show(link, topicOf(room));
  }
  const guest = find("#guest", HTMLAnchorElement);
  guest.href = addressOf(here, true);
  find("#new-room", HTMLAnchorElement).href = addressOf({
    ...here,
    name: newName(),
  });
  const address = new URL(addressOf(here), location.href).href;
  offerCopy(find("#copy-address", HTMLButtonElement), address);
  const second = document.querySelector("#second-tab");
  second?.setAttribute("href", addressOf(here));
  if (token === undefined) return;
  // Only another token makes somebody else. A new tab gets the store, and so the
  // token, of its opener only.
  guest.closest("li")?.remove();
  second?.setAttribute("rel", "opener");
}

/**
 * Makes a button copy a text.
 *
 * @param {HTMLButtonElement} button
 * @param {string} text
 */
function offerCopy(button, text) {
  // Browsers have a clipboard in secure contexts only.
  if (!("clipboard" in navigator)) return;
  button.hidden = false;
  const label = button.textContent ?? "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(text)
      .then(() => true, () => false);
    show(button, copied ? "Copied" : "Not allowed");
    clearTimeout(timer);
    timer = setTimeout(() => show(button, label), COPIED_MS);
  });
}
