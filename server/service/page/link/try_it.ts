import { find, show } from "../people/dom.ts";
import type { Token } from "./token.ts";

const WITH_TOKEN =
  "Be here for a minute with any program that speaks HTTP and has your token:";

/** How long a button says that it has copied. */
const COPIED_MS = 2_000;

/**
 * Shows the command that publishes a robot into the room. With a token, it
 * publishes a device of one's own: nobody can publish as somebody else then.
 */
export function offerCommand(topic: string, token: Token | undefined) {
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

/** Makes a button copy a text. */
export function offerCopy(button: HTMLButtonElement, text: string) {
  // Browsers have a clipboard in secure contexts only.
  if (!("clipboard" in navigator)) return;
  button.hidden = false;
  const label = button.textContent ?? "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(text)
      .then(() => true, () => false);
    show(button, copied ? "Copied" : "Not allowed");
    clearTimeout(timer);
    timer = setTimeout(() => show(button, label), COPIED_MS);
  });
}
