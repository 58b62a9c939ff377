// @ts-check
/// <reference lib="dom" />

import { LENGTHS, readText } from "../people/wire.js";

/** @typedef {import("../people/profile.js").Store} Store */

/**
 * What somebody is let in by. Only the service can tell whether it is good.
 *
 * @typedef {object} Token
 * @property {string} text
 * @property {string | undefined} subject whose it is; without one it is
 * malformed
 * @property {string | undefined} name what they are called, if they don't say
 */

const TOKEN_ITEM = "ruthere token";

/**
 * Keeps the token that the address brings as `#token=…`, and takes it out of
 * the address; an empty one takes away the one that is kept. A fragment is not
 * sent to any server, and so is in no log.
 *
 * @param {Pick<Location, "hash" | "pathname" | "search">} location
 * @param {Pick<History, "replaceState" | "state">} history
 * @param {Store} store
 * @returns {boolean} Whether it brings one.
 */
export function keepToken({ hash, pathname, search }, history, store) {
  const text = new URLSearchParams(hash.slice(1)).get("token");
  if (text === null) return false;
  store.setItem(TOKEN_ITEM, text.trim());
  history.replaceState(history.state, "", pathname + search);
  return true;
}

/**
 * The token that is kept.
 *
 * @param {Store} store
 * @returns {Token | undefined}
 */
export function loadToken(store) {
  const text = store.getItem(TOKEN_ITEM) ?? "";
  return text === "" ? undefined : readToken(text);
}

/**
 * The token of this tab, which its store holds through reloads, and on the way
 * from one page to the other. Another one that is put into the address of the
 * open page counts at once: the page is loaded again.
 *
 * @param {Store} store of the tab
 * @returns {Token | undefined}
 */
export function tokenOfTab(store) {
  keepToken(location, history, store);
  globalThis.addEventListener("hashchange", () => {
    if (keepToken(location, history, store)) location.reload();
  });
  return loadToken(store);
}

/**
 * Reads whose a JSON Web Token is, without checking it.
 *
 * @param {string} text
 * @returns {Token}
 */
export function readToken(text) {
  const claims = claimsIn(text);
  const sub = claims.get("sub");
  const subject = typeof sub === "string" && sub !== "" ? sub : undefined;
  const name = readText(claims.get("name"), LENGTHS.name) ??
    readText(subject, LENGTHS.name);
  return { text, subject, name };
}

/**
 * @param {string} text
 * @returns {Map<string, unknown>}
 */
function claimsIn(text) {
  // Anything else could not even be sent.
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text) ?? [];
  if (payload === undefined) return new Map();
  try {
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (byte) => byte.charCodeAt(0));
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return new Map(Object.entries(value ?? {}));
  } catch {
    return new Map();
  }
}
