import { assertEquals, assertObjectMatch } from "@std/assert";
import { colorOf } from "../../../client/views/color.ts";
import { nameOf } from "./names.js";
import { personOf, readMeta } from "./person.js";
import { readText } from "./wire.js";

const TAB = {
  phx_ref: "1",
  name: "Ada",
  color: "#123456",
  device: "Firefox on Linux",
  activity: "idle",
  availability: "available",
};

Deno.test("personOf() shows somebody in one tab", () => {
  const person = personOf("ada", [TAB]);
  assertObjectMatch(person, {
    key: "ada",
    name: "Ada",
    color: "#123456",
    activity: "idle",
    availability: "available",
    tabs: 1,
    devices: 1,
  });
  assertEquals(person.status, undefined);
});

Deno.test("personOf() counts tabs, and the devices that they are on", () => {
  const second = { ...TAB, phx_ref: "2" };
  const phone = { ...TAB, phx_ref: "3", device: "Safari on iPhone" };
  const sensor = { phx_ref: "4", activity: "acting" };
  const { tabs, devices } = personOf("ada", [TAB, second, phone, sensor]);
  assertEquals({ tabs, devices }, { tabs: 3, devices: 3 });
});

Deno.test("personOf() has the foremost activity and availability of several connections", () => {
  const editing = { ...TAB, activity: "editing", availability: "busy" };
  const last = { ...TAB, activity: "dancing", availability: "away" };
  for (const metas of [[TAB, editing, last], [last, editing, TAB]]) {
    const { activity, availability } = personOf("ada", metas);
    assertEquals({ activity, availability }, {
      activity: "editing",
      availability: "busy",
    });
  }
});

Deno.test("personOf() has the newest name, colour and status", () => {
  const former = { ...TAB, name: "A.", color: "#000000", status: "here" };
  const later = { ...TAB, status: "there" };
  const person = personOf("ada", [former, later, { phx_ref: "3" }]);
  assertEquals([person.name, person.color, person.status], [
    "Ada",
    "#123456",
    "there",
  ]);
});

Deno.test("personOf() names by the key a person who says nothing", () => {
  const person = personOf("robot", [{ phx_ref: "1", activity: "acting" }]);
  assertEquals([person.name, person.color], ["robot", colorOf("robot")]);
  assertEquals([person.tabs, person.devices], [0, 1]);
  for (const meta of [null, "text", 7, [], ["x"], {}]) {
    assertEquals(personOf("robot", [meta]).name, "robot");
  }
  assertEquals(personOf("", []).name, "nameless");
});

Deno.test("readMeta() drops malformed fields", () => {
  assertEquals(
    readMeta({
      phx_ref: 1,
      name: { toString: () => "Ada" },
      color: "red",
      device: "",
      activity: null,
      availability: ["busy"],
      status: " \n ",
    }),
    {
      name: undefined,
      color: undefined,
      device: undefined,
      activity: undefined,
      availability: undefined,
      status: undefined,
    },
  );
});

Deno.test("readText() keeps a text short and on one line", () => {
  assertEquals(readText(" a\n\tb\u2028c ", 10), "a b c");
  assertEquals(readText("abcdef", 6), "abcdef");
  assertEquals(readText("abcdefg", 6), "abcde…");
  assertEquals(readText("Grace Brewster Hopper", 17), "Grace Brewster…");
  assertEquals(readText("A Rindfleischetikett", 10), "A Rindfle…");
  assertEquals(readText("👋👋👋", 3), "👋👋👋");
  assertEquals(readText("\u0000", 3), undefined);
});

Deno.test("nameOf() names a key the same in every tab", () => {
  assertEquals(nameOf("guest-1"), nameOf("guest-1"));
  assertEquals(nameOf("guest-1").split(" ").length, 2);
});
