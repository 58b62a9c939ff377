// @ts-check
/// <reference lib="dom" />

import { find, show } from "./dom.js";

const WITH_TOKEN =
  "Be here for a minute by any program that speaks HTTP and has your token:";

/** How long the button says that it has copied. */
const COPIED_MS = 2_000;

/** @typedef {import("./token.js").Token} Token */

/**
 * Fills in the command that publishes a device into the room: a robot's or,
 * since with a token nobody publishes as somebody else, one's own.
 *
 * @param {string} topic
 * @param {Token | undefined} token
 */
export function offerCommand(topic, token) {
  const command = find("#command", HTMLElement);
  const button = find("#copy", HTMLButtonElement);
  const update = {
    ...token ? { resource: "robot" } : { subject: "robot" },
    context: topic,
    ttlMs: 60_000,
    facets: { activity: "acting" },
  };
  // The token itself is not for those who look over a shoulder.
  const authorization = token ? `-H "authorization: Bearer $TOKEN" ` : "";
  const text = `curl ${location.origin}/v1/updates ${authorization}` +
    `-H 'content-type: application/json' -d '${JSON.stringify(update)}'`;
  if (token) show(find("#command-about", HTMLElement), WITH_TOKEN);
  show(command, text);
  // Browsers have a clipboard in secure contexts only.
  if (!("clipboard" in navigator)) return;
  button.hidden = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(text)
      .then(() => true, () => false);
    show(button, copied ? "Copied" : "Not allowed");
    clearTimeout(timer);
    timer = setTimeout(() => show(button, "Copy"), COPIED_MS);
  });
}

/**
 * Has whoever has a token take it along into a second tab, and come in as
 * somebody else by another token alone.
 *
 * @param {Token | undefined} token
 */
export function offerSecondTab(token) {
  if (token === undefined) return;
  for (const link of document.querySelectorAll(".tries a[target]")) {
    const isGuest = link.getAttribute("href")?.endsWith("?guest");
    const offer = link.closest("li");
    if (isGuest) offer?.remove();
    // Only an opener's store goes along.
    else link.setAttribute("rel", "opener");
  }
}
