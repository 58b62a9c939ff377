import { find, show } from "../people/dom.ts";
import { nameOf } from "../people/names.ts";
import { readText } from "../people/text.ts";
import type { Token } from "./token.ts";

/** The path of each kind of room, and the room that it shows by default. */
const PLACES = {
  room: { path: "/", usual: "lobby" },
  document: { path: "/document", usual: "shared" },
};

/** What a page shows. */
export type Kind = keyof typeof PLACES;

const LONGEST_NAME = 128;

const WITH_TOKEN =
  "Be here for a minute with any program that speaks HTTP and has your token:";

/** How long a button says that it has copied. */
const COPIED_MS = 2_000;

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
 * Fills in what there is to try: further tabs of this room, the room of the other
 * kind that has the same name, a new room, and a robot.
 */
export function offerTries(
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
  const second = document.querySelector("#second-tab");
  second?.setAttribute("href", here);
  const command = commandFor(topicOf(kind, name), token !== undefined);
  show(find("#command", HTMLElement), command);
  offerCopy("#copy", command);
  offerCopy("#copy-address", new URL(here, location.href).href);
  if (token === undefined) return;
  show(find("#command-about", HTMLElement), WITH_TOKEN);
  // Only another token makes somebody else. A new tab gets the store, and so the
  // token, of its opener only.
  guest.closest("li")?.remove();
  second?.setAttribute("rel", "opener");
}

/**
 * Returns the command that publishes a robot into a room. With a token, it is a
 * device of one's own: nobody can publish as somebody else then.
 */
function commandFor(context: string, hasToken: boolean) {
  const who = hasToken ? { resource: "robot" } : { subject: "robot" };
  const facets = { activity: "acting" };
  const json = JSON.stringify({ ...who, context, ttlMs: 60_000, facets });
  // Somebody may look over a shoulder: the token itself is not shown.
  return `curl ${location.origin}/v1/updates ` +
    (hasToken ? `-H "authorization: Bearer $TOKEN" ` : "") +
    // The name of a room comes from a link, which must not inject a command.
    `-H 'content-type: application/json' -d '${json.replaceAll("'", "'\\''")}'`;
}

/** Makes a button copy a text, in contexts where browsers have a clipboard. */
function offerCopy(selector: string, text: string) {
  if (!("clipboard" in navigator)) return;
  const button = find(selector, HTMLButtonElement);
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

/** Makes up a name for a new room, such as `brisk-otter-1a2b3c`. */
function newName() {
  const [choice = 0, suffix = 0] = crypto.getRandomValues(new Uint32Array(2));
  const words = nameOf(String(choice)).toLowerCase().replaceAll(" ", "-");
  return `${words}-${suffix.toString(36)}`;
}
