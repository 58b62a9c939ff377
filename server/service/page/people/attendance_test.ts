import { assertEquals } from "@std/assert";
import { ago } from "../room/roster.js";
import { Attendance, MOST_DEPARTED, PATIENCE_MS } from "./attendance.js";
import { personOf } from "./person.js";

function people(...keys: string[]) {
  return keys.map((key) => personOf(key, []));
}

/** Returns the keys of the people who joined and left. */
function update(attendance: Attendance, now: number, ...keys: string[]) {
  const { joined, left } = attendance.update(people(...keys), now);
  return {
    joined: joined.map(({ key }) => key),
    left: left.map(({ key }) => key),
  };
}

function departed(attendance: Attendance) {
  return attendance.departed.map(({ person, at }) => [person.key, at]);
}

Deno.test("Attendance.update() reports nobody who was here first", () => {
  const attendance = new Attendance("me");
  assertEquals(update(attendance, 0, "ada"), { joined: [], left: [] });
  assertEquals(update(attendance, 1, "ada", "me"), { joined: [], left: [] });
});

Deno.test("Attendance.update() reports who joins and who leaves, except oneself", () => {
  const attendance = new Attendance("me");
  update(attendance, 0, "me");
  assertEquals(update(attendance, 1, "me", "ada").joined, ["ada"]);
  assertEquals(update(attendance, 2, "ada").left, []);
  assertEquals(update(attendance, 3, "me").left, ["ada"]);
  assertEquals(departed(attendance), [["ada", 3]]);
});

Deno.test("Attendance.departed has nobody who is back", () => {
  const attendance = new Attendance("me");
  update(attendance, 0, "me", "ada");
  update(attendance, 1, "me");
  assertEquals(update(attendance, 2, "me", "ada").joined, ["ada"]);
  assertEquals(departed(attendance), []);
});

Deno.test("Attendance.departed has the last people who left", () => {
  const attendance = new Attendance("me");
  const keys = Array.from(
    { length: MOST_DEPARTED + 2 },
    (_, i) => `guest-${i}`,
  );
  update(attendance, 0, ...keys);
  for (const index of keys.keys()) {
    update(attendance, index + 1, ...keys.slice(index + 1));
  }
  assertEquals(departed(attendance).length, MOST_DEPARTED);
  assertEquals(departed(attendance)[0], [keys.at(-1), keys.length]);
});

Deno.test("Attendance.settle() reports who has not returned in time after a lost connection", () => {
  const attendance = new Attendance("me");
  update(attendance, 0, "me", "ada", "bob");
  attendance.waitForOthers(1000);
  assertEquals(update(attendance, 1000, "me"), { joined: [], left: [] });
  assertEquals(attendance.held.map(({ key }) => key), ["ada", "bob"]);
  assertEquals(update(attendance, 2000, "me", "ada"), { joined: [], left: [] });
  assertEquals(attendance.held.map(({ key }) => key), ["bob"]);
  assertEquals(attendance.settle(999 + PATIENCE_MS), []);
  const left = attendance.settle(1000 + PATIENCE_MS);
  assertEquals(left.map(({ key }) => key), ["bob"]);
  assertEquals(departed(attendance), [["bob", 1000 + PATIENCE_MS]]);
  assertEquals(attendance.held, []);
});

Deno.test("Attendance.update() reports who is new after a lost connection", () => {
  const attendance = new Attendance("me");
  update(attendance, 0, "me");
  attendance.waitForOthers(1000);
  assertEquals(update(attendance, 1000, "me", "eve").joined, ["eve"]);
});

Deno.test("ago() says times as people do", () => {
  assertEquals(ago(0), "just now");
  assertEquals(ago(30_000), "moments ago");
  assertEquals(ago(60_000), "1 minute ago");
  assertEquals(ago(5 * 60_000 + 59_000), "5 minutes ago");
  assertEquals(ago(3 * 3_600_000), "3 hours ago");
  assertEquals(ago(25 * 3_600_000), "yesterday");
});
