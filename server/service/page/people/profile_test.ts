import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { deviceOf } from "../room/device.ts";
import { nameOf } from "./names.ts";
import {
  itemOf,
  keepActivity,
  loadProfile,
  saveProfile,
  storeOf,
} from "./profile.ts";

/** Returns the store of a browser that keeps nothing. */
function forgetful() {
  return storeOf(() => {
    throw new Error("not allowed");
  });
}

Deno.test("loadProfile() makes up somebody, and finds them again", () => {
  const store = forgetful();
  const profile = loadProfile(store);
  assertEquals(profile, {
    key: profile.key,
    name: nameOf(profile.key),
    availability: "available",
    status: "",
    invisible: false,
  });
  assertEquals(loadProfile(store), profile);
  assertNotEquals(loadProfile(forgetful()).key, profile.key);
});

Deno.test("saveProfile() keeps what has been chosen", () => {
  const store = forgetful();
  const chosen = {
    ...loadProfile(store),
    name: "Ada",
    availability: "busy",
    status: "back at three",
    invisible: true,
  };
  saveProfile(store, chosen);
  assertEquals(loadProfile(store), chosen);
});

Deno.test("loadProfile() ignores a malformed profile", () => {
  const stored = ["", "{", "null", "7", "[]", '{"key":7,"availability":"x"}'];
  for (const text of stored) {
    const store = forgetful();
    store.setItem(itemOf(undefined), text);
    const { key, availability } = loadProfile(store);
    assert(key.startsWith("guest-"));
    assertEquals(availability, "available");
  }
});

Deno.test("keepActivity() returns what the tab was doing", () => {
  const store = forgetful();
  assertEquals(keepActivity(store), "observing");
  assertEquals(keepActivity(store, "editing"), "editing");
  assertEquals(keepActivity(store), "editing");
  assertEquals(keepActivity(store, "dancing"), "observing");
});

Deno.test("deviceOf() names the browser and the system", () => {
  const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
  const agents = {
    "Firefox on Linux":
      "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Chrome on Android":
      `Mozilla/5.0 (Linux; Android 15) ${webkit} Chrome/140.0 Mobile Safari/537.36`,
    "Edge on Windows":
      `Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0 Safari/537.36 Edg/140.0`,
    "Safari on iPhone":
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
    "Safari on Mac":
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1",
    "Chrome on Linux":
      `Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/140.0 Safari/537.36`,
    "Browser": "curl/8",
  };
  for (const [device, agent] of Object.entries(agents)) {
    assertEquals(deviceOf(agent), device);
  }
});
