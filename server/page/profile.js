// @ts-check

import { LENGTHS, readText } from "./meta.js";
import { nameOf } from "./names.js";
import { ACTIVITIES, AVAILABILITIES } from "./words.js";

/**
 * What a person has said of themselves, the same in all their tabs.
 *
 * @typedef {object} Profile
 * @property {string} key
 * @property {string} name
 * @property {string} availability
 * @property {string} status
 * @property {boolean} invisible
 */

/** @typedef {Pick<Storage, "getItem" | "setItem">} Store */

export const PROFILE_ITEM = "ruthere profile";
const ACTIVITY_ITEM = "ruthere activity";

/**
 * The person of this browser, made up at the first visit.
 *
 * @param {Store} store
 * @returns {Profile}
 */
export function loadProfile(store) {
  const fields = new Map(Object.entries(parsed(store.getItem(PROFILE_ITEM))));
  const key = readText(fields.get("key"), 64) ?? randomKey();
  const availability = fields.get("availability");
  const profile = {
    key,
    name: readText(fields.get("name"), LENGTHS.name) ?? nameOf(key),
    availability: AVAILABILITIES.find(({ code }) => code === availability)
      ?.code ?? "available",
    status: readText(fields.get("status"), LENGTHS.status) ?? "",
    invisible: fields.get("invisible") === true,
  };
  saveProfile(store, profile);
  return profile;
}

/**
 * @param {Store} store
 * @param {Profile} profile
 */
export function saveProfile(store, profile) {
  store.setItem(PROFILE_ITEM, JSON.stringify(profile));
}

/**
 * What this tab was doing before it was loaded again.
 *
 * @param {Store} store
 * @returns {string}
 */
export function loadActivity(store) {
  const stored = store.getItem(ACTIVITY_ITEM);
  return ACTIVITIES.find(({ code }) => code === stored)?.code ?? "observing";
}

/**
 * @param {Store} store
 * @param {string} activity
 */
export function saveActivity(store, activity) {
  store.setItem(ACTIVITY_ITEM, activity);
}

/**
 * A store that keeps things as long as the page does, for browsers that are
 * told to keep nothing.
 *
 * @returns {Store}
 */
export function forgetfulStore() {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
  };
}

/**
 * A store of the browser's, or a forgetful one: browsers that keep nothing
 * throw when they are asked for theirs.
 *
 * @param {() => Storage} ask
 * @returns {Store}
 */
export function storeOf(ask) {
  try {
    const store = ask();
    store.setItem("ruthere test", "");
    store.removeItem("ruthere test");
    return store;
  } catch {
    return forgetfulStore();
  }
}

/** `crypto.randomUUID` is there in secure contexts only. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  return `guest-${digits.join("")}`;
}

/**
 * @param {string | null} text
 * @returns {object}
 */
function parsed(text) {
  try {
    const value = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
