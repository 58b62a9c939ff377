// @ts-check
/// <reference lib="dom" />

import { fieldsIn, LENGTHS, readText } from "../people/text.js";

/** @typedef {import("../people/profile.js").Store} Store */

/**
 * A JSON Web Token. Only the service can verify it.
 *
 * @typedef {object} Token
 * @property {string} text
 * @property {string | undefined} subject `undefined` if the token is malformed
 * @property {string | undefined} name the default name of the person
 */

const TOKEN_ITEM = "ruthere token";

/**
 * Stores the token that the address has as `#token=…`, and removes it from the
 * address. An empty one removes the stored token. Browsers don't send fragments,
 * so no server logs it.
 *
 * @param {Pick<Location, "hash" | "pathname" | "search">} location
 * @param {Pick<History, "replaceState" | "state">} history
 * @param {Store} store
 * @returns {boolean} Whether the address had one.
 */
export function keepToken({ hash, pathname, search }, history, store) {
  const text = new URLSearchParams(hash.slice(1)).get("token");
  if (text === null) return false;
  store.setItem(TOKEN_ITEM, text.trim());
  history.replaceState(history.state, "", pathname + search);
  return true;
}

/**
 * Loads the stored token.
 *
 * @param {Store} store
 * @returns {Token | undefined}
 */
export function loadToken(store) {
  const text = store.getItem(TOKEN_ITEM) ?? "";
  return text === "" ? undefined : readToken(text);
}

/**
 * Returns the token of this tab, which lasts through reloads, and from one page to
 * the other. When the address of the open page gets another one, the page reloads.
 *
 * @param {Store} store of the tab
 */
export function tokenOfTab(store) {
  keepToken(location, history, store);
  globalThis.addEventListener("hashchange", () => {
    if (keepToken(location, history, store)) location.reload();
  });
  return loadToken(store);
}

/**
 * Reads the claims of a JSON Web Token, without verifying it.
 *
 * @param {string} text
 * @returns {Token}
 */
export function readToken(text) {
  const { sub, name } = claimsIn(text);
  const subject = typeof sub === "string" && sub !== "" ? sub : undefined;
  return {
    text,
    subject,
    name: readText(name, LENGTHS.name) ?? readText(subject, LENGTHS.name),
  };
}

/** @param {string} text */
function claimsIn(text) {
  const [, payload = ""] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text) ?? [];
  try {
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (byte) => byte.charCodeAt(0));
    return fieldsIn(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

const HOW = "open the page with #token=… at the end of its address";
const ANOTHER = "Open the page with another one, #token=…, to get in.";

/**
 * Explains why the service does not let this page in.
 *
 * @param {string} reason of the service
 * @param {string} topic
 * @param {Token | undefined} token
 * @returns {string}
 */
export function refusalOf(reason, topic, token) {
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
