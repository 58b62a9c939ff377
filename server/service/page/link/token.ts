import { textIn } from "../../../client/base64url.ts";
import type { Store } from "../people/profile.ts";
import { fieldsIn, LENGTHS, readText } from "../people/text.ts";

/** A JSON Web Token. Only the service can verify it. */
export interface Token {
  readonly text: string;
  /** `undefined` if the token is malformed. */
  readonly subject: string | undefined;
  /** The default name of the person. */
  readonly name: string | undefined;
}

const TOKEN_ITEM = "ruthere token";

/**
 * Stores the token that the address has as `#token=…`, and removes it from the
 * address. An empty one removes the stored token. Browsers don't send fragments,
 * so no server logs it. Returns whether the address had one.
 */
export function keepToken(
  { hash, pathname, search }: Pick<Location, "hash" | "pathname" | "search">,
  history: Pick<History, "replaceState" | "state">,
  store: Store,
): boolean {
  const text = new URLSearchParams(hash.slice(1)).get("token");
  if (text === null) return false;
  store.setItem(TOKEN_ITEM, text.trim());
  history.replaceState(history.state, "", pathname + search);
  return true;
}

/** Loads the stored token. */
export function loadToken(store: Store): Token | undefined {
  const text = store.getItem(TOKEN_ITEM) ?? "";
  return text === "" ? undefined : readToken(text);
}

/**
 * Returns the token of this tab, which lasts through reloads, and from one page to
 * the other. When the address of the open page gets another one, the page reloads.
 */
export function tokenOfTab(store: Store): Token | undefined {
  keepToken(location, history, store);
  globalThis.addEventListener("hashchange", () => {
    if (keepToken(location, history, store)) location.reload();
  });
  return loadToken(store);
}

/** Reads the claims of a JSON Web Token, without verifying it. */
export function readToken(text: string): Token {
  const { sub, name } = claimsIn(text);
  const subject = typeof sub === "string" && sub !== "" ? sub : undefined;
  return {
    text,
    subject,
    name: readText(name, LENGTHS.name) ?? readText(subject, LENGTHS.name),
  };
}

function claimsIn(text: string) {
  const [, payload = ""] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text) ?? [];
  try {
    return fieldsIn(textIn(payload));
  } catch {
    return {};
  }
}

const HOW = "open the page with #token=… at the end of its address";
const ANOTHER = "Open the page with another one, #token=…, to get in.";

/** Explains the reason for which the service does not let this page in. */
export function refusalOf(
  reason: string,
  topic: string,
  token: Token | undefined,
): string {
  const [, fault] = /\bthe token (.+)$/.exec(reason) ?? [];
  if (fault === "has expired" || fault === "is malformed") {
    return `Your token ${fault}. ${ANOTHER}`;
  }
  if (fault !== undefined) {
    return `The service does not take your token: the token ${fault}. ${ANOTHER}`;
  }
  if (reason === "revoked") return `Your token has been revoked. ${ANOTHER}`;
  if (reason === "kicked") return "The service has sent you away.";
  if (reason === "unauthorized") {
    return `Your token does not let you into ${topic}. ${ANOTHER}`;
  }
  if (token === undefined && reason.endsWith("not authorized")) {
    return `This service wants a token: ${HOW}.`;
  }
  return `The room says no: ${reason}. Trying again…`;
}
