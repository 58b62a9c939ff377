import { assertEquals } from "@std/assert";
import { ago } from "../room/roster.ts";
import { Attendance, MOST_DEPARTED } from "./attendance.ts";

function people(...ids: string[]) {
  return ids.map((id) => ({
    id,
    name: id,
    you: id === "me",
    isReturning: false,
  }));
}

type Known = Attendance<ReturnType<typeof people>[number]>;

/** Returns the ids of the people who joined and left. */
function update(attendance: Known, now: number, ...ids: string[]) {
  const { joined, left } = attendance.update(people(...ids), now);
  return {
    joined: joined.map(({ id }) => id),
    left: left.map(({ id }) => id),
  };
}

function departed(attendance: Known) {
  return attendance.departed.map(({ person, at }) => [person.id, at]);
}

Deno.test("Attendance.update() reports nobody who was here first", () => {
  const attendance: Known = new Attendance();
  assertEquals(update(attendance, 0, "ada"), { joined: [], left: [] });
  assertEquals(update(attendance, 1, "ada", "me"), { joined: [], left: [] });
});

Deno.test("Attendance.update() reports who joins and who leaves, except oneself", () => {
  const attendance: Known = new Attendance();
  update(attendance, 0, "me");
  assertEquals(update(attendance, 1, "me", "ada").joined, ["ada"]);
  assertEquals(update(attendance, 2, "ada").left, []);
  assertEquals(update(attendance, 3, "me").left, ["ada"]);
  assertEquals(departed(attendance), [["ada", 3]]);
});

Deno.test("Attendance.departed has nobody who is back", () => {
  const attendance: Known = new Attendance();
  update(attendance, 0, "me", "ada");
  update(attendance, 1, "me");
  assertEquals(update(attendance, 2, "me", "ada").joined, ["ada"]);
  assertEquals(departed(attendance), []);
});

Deno.test("Attendance.departed has the last people who left", () => {
  const attendance: Known = new Attendance();
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

Deno.test("ago() says times as people do", () => {
  assertEquals(ago(0), "just now");
  assertEquals(ago(30_000), "moments ago");
  assertEquals(ago(60_000), "1 minute ago");
  assertEquals(ago(5 * 60_000 + 59_000), "5 minutes ago");
  assertEquals(ago(3 * 3_600_000), "3 hours ago");
  assertEquals(ago(25 * 3_600_000), "yesterday");
});
