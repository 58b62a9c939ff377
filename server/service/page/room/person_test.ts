import { assertEquals, assertObjectMatch } from "@std/assert";
import { colorOf } from "../../../client/views/color.ts";
import { readPerson } from "./person.ts";

const TAB = {
  name: "Ada",
  color: "#123456",
  device: "Firefox on Linux",
  activity: "idle",
  availability: "available",
};

/** Reads somebody whose connections have published these facets. */
function read(id: string, ...all: readonly object[]) {
  const connections = all.map((facets, index) => ({
    resource: `tab ${index}`,
    facets,
  }));
  const person = {
    id,
    facets: all[0] ?? {},
    activity: undefined,
    availability: undefined,
    isReturning: false,
    connections,
  };
  return readPerson(person);
}

Deno.test("readPerson() shows somebody in one tab", () => {
  assertObjectMatch(read("ada", TAB), {
    id: "ada",
    name: "Ada",
    color: "#123456",
    status: "",
    tabs: 1,
    devices: 1,
    connections: [{ device: "Firefox on Linux", activity: "idle" }],
  });
});

Deno.test("readPerson() counts tabs, and the devices that they are on", () => {
  const phone = { ...TAB, device: "Safari on iPhone" };
  const { tabs, devices } = read("ada", TAB, TAB, phone, {
    activity: "acting",
  });
  assertEquals({ tabs, devices }, { tabs: 3, devices: 3 });
});

Deno.test("readPerson() has the name of a tab beside a device that counts more", () => {
  const { name, color } = read("ada", { activity: "acting" }, TAB);
  assertEquals([name, color], ["Ada", "#123456"]);
});

Deno.test("readPerson() names by the id a person who says nothing", () => {
  const person = read("robot", { activity: "acting" });
  assertEquals([person.name, person.color], ["robot", colorOf("robot")]);
  assertEquals([person.tabs, person.devices], [0, 1]);
  assertEquals(read("").name, "nameless");
});

Deno.test("readPerson() drops malformed facets", () => {
  const facets = {
    name: { toString: () => "Ada" },
    color: "red",
    device: "",
    activity: null,
    status: " \n ",
    pointer: { x: "1", y: 0 },
  };
  const { connections: [connection], ...person } = read("ada", facets);
  assertEquals([person.name, person.color], ["ada", colorOf("ada")]);
  assertEquals(connection, {
    resource: "tab 0",
    name: undefined,
    color: "red",
    device: undefined,
    status: undefined,
    activity: "",
    pointer: undefined,
  });
  for (const pointer of [null, 1, "x", [], {}, { x: NaN, y: 0 }]) {
    const [connection] = read("ada", { pointer }).connections;
    assertEquals(connection?.pointer, undefined);
  }
  const [pointing] = read("ada", { pointer: { x: 0.5, y: 2 } }).connections;
  assertEquals(pointing?.pointer, { x: 0.5, y: 2 });
});
