// @ts-check
/// <reference lib="dom" />

import { isActivity } from "../../../../core/mod.ts";
import { nameOf } from "./names.js";
import { fieldsIn, LENGTHS, readText } from "./text.js";
import { AVAILABILITIES } from "./words.js";

/**
 * What a person says of themselves, the same in all their tabs.
 *
 * @typedef {object} Profile
 * @property {string} key
 * @property {string} name
 * @property {string} availability
 * @property {string} status
 * @property {boolean} invisible
 */

/** @typedef {Pick<Storage, "getItem" | "setItem">} Store */
/** @typedef {import("../link/token.js").Token} Token */

const PROFILE_ITEM = "ruthere profile";
const ACTIVITY_ITEM = "ruthere activity";

/**
 * Loads the profile of this browser, or of a token. At the first visit it makes up
 * a new one.
 *
 * @param {Store} store
 * @param {Token} [token]
 * @returns {Profile}
 */
export function loadProfile(store, token) {
  const fields = fieldsIn(store.getItem(itemOf(token)) ?? "");
  const key = token?.subject ?? readText(fields.key, 64) ?? randomKey();
  const availability = String(fields.availability);
  const profile = {
    key,
    name: readText(fields.name, LENGTHS.name) ?? namelessName(key, token),
    availability: AVAILABILITIES.has(availability) ? availability : "available",
    status: readText(fields.status, LENGTHS.status) ?? "",
    invisible: fields.invisible === true,
  };
  saveProfile(store, profile, token);
  return profile;
}

/**
 * Saves a profile.
 *
 * @param {Store} store
 * @param {Profile} profile
 * @param {Token} [token]
 */
export function saveProfile(store, profile, token) {
  store.setItem(itemOf(token), JSON.stringify(profile));
}

/**
 * Returns the name of somebody who has not given one.
 *
 * @param {string} key
 * @param {Token | undefined} token
 */
export function namelessName(key, token) {
  return token?.name ?? nameOf(key);
}

/**
 * Loads what this tab was doing before a reload.
 *
 * @param {Store} store
 */
export function loadActivity(store) {
  const activity = store.getItem(ACTIVITY_ITEM);
  return isActivity(activity) ? activity : "observing";
}

/**
 * Saves what this tab is doing.
 *
 * @param {Store} store
 * @param {string} activity
 */
export function saveActivity(store, activity) {
  store.setItem(ACTIVITY_ITEM, activity);
}

/**
 * Returns a store of the browser. Browsers that keep nothing throw on access to
 * theirs: then it is one that lasts as long as the page.
 *
 * @param {() => Storage} ask
 * @returns {Store}
 */
export function storeOf(ask) {
  try {
    const store = ask();
    store.setItem("ruthere test", "");
    return store;
  } catch {
    const items = new Map();
    return {
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => void items.set(name, value),
    };
  }
}

/**
 * Names the item of the store for the profile of a token, or for the one without a
 * token: a browser can have tokens of several people.
 *
 * @param {Token | undefined} token
 */
export function itemOf(token) {
  const subject = token?.subject;
  return subject === undefined ? PROFILE_ITEM : `${PROFILE_ITEM} of ${subject}`;
}

function randomKey() {
  const [id = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return `guest-${id.toString(36)}`;
}
