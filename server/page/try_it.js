// @ts-check
/// <reference lib="dom" />

import { find, show } from "./dom.js";

/** How long the button says that it has copied. */
const COPIED_MS = 2_000;

/**
 * Fills in the command that publishes a device into the room.
 *
 * @param {string} topic
 */
export function offerCommand(topic) {
  const command = find("#command", HTMLElement);
  const button = find("#copy", HTMLButtonElement);
  const update = {
    subject: "robot",
    context: topic,
    ttlMs: 60_000,
    facets: { activity: "acting" },
  };
  const text = `curl ${location.origin}/v1/updates ` +
    `-H 'content-type: application/json' -d '${JSON.stringify(update)}'`;
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
