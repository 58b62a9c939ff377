import { isActivity } from "../../../../core/mod.ts";
import type { Token } from "../link/token.ts";
import { nameOf } from "./names.ts";
import { fieldsIn, LENGTHS, readText } from "./text.ts";
import { AVAILABILITIES } from "./words.ts";

/** What a person says of themselves, the same in all their tabs. */
export interface Profile {
  readonly key: string;
  readonly name: string;
  readonly availability: string;
  readonly status: string;
  readonly invisible: boolean;
}

/** What a browser keeps. */
export type Store = Pick<Storage, "getItem" | "setItem">;

const PROFILE_ITEM = "ruthere profile";
const ACTIVITY_ITEM = "ruthere activity";

/**
 * Loads the profile of this browser, or of a token. At the first visit it makes up
 * a new one.
 */
export function loadProfile(store: Store, token?: Token): Profile {
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

/** Saves a profile. */
export function saveProfile(store: Store, profile: Profile, token?: Token) {
  store.setItem(itemOf(token), JSON.stringify(profile));
}

/** Returns the name of somebody who has not given one. */
export function namelessName(key: string, token: Token | undefined): string {
  return token?.name ?? nameOf(key);
}

/** Keeps what this tab is doing; loads what it was doing before a reload. */
export function keepActivity(
  store: Store,
  chosen = store.getItem(ACTIVITY_ITEM),
) {
  const activity = isActivity(chosen) ? chosen : "observing";
  store.setItem(ACTIVITY_ITEM, activity);
  return activity;
}

/**
 * Returns a store of the browser. Browsers that keep nothing throw on access to
 * theirs: then it is one that lasts as long as the page.
 */
export function storeOf(ask: () => Storage): Store {
  try {
    const store = ask();
    store.setItem("ruthere test", "");
    return store;
  } catch {
    const items = new Map<string, string>();
    return {
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => void items.set(name, value),
    };
  }
}

/**
 * Names the item of the store for the profile of a token, or for the one without a
 * token: a browser can have tokens of several people.
 */
export function itemOf(token: Token | undefined): string {
  const subject = token?.subject;
  return subject === undefined ? PROFILE_ITEM : `${PROFILE_ITEM} of ${subject}`;
}

function randomKey() {
  const [id = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return `guest-${id.toString(36)}`;
}
