import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { editBetween, positionAt } from "../../../client/views/text_edit.ts";
import { Places, readPlaces } from "./places.ts";

/** Somebody, as the service knows them. */
function person(id: string, anchor: number | undefined, head = anchor ?? 0) {
  const at = (offset: number) => positionAt("x".repeat(99), offset);
  return {
    id,
    cursor: anchor === undefined ? null : at(head),
    selection: anchor === undefined || anchor === head
      ? null
      : { anchor: at(anchor), head: at(head), isBackward: head < anchor },
    lastCursorUpdate: 1,
    sessions: 1,
  };
}

type Person = ReturnType<typeof person>;

function placesIn(places: Places) {
  return [...places.all()].map(([id, { place: { anchor, head } }]) =>
    [id, anchor, head] as const
  );
}

Deno.test("Places.all() has the cursors that the service knows", () => {
  let people = [
    person("ada", 4),
    person("bob", 7, 5),
    person("cyd", undefined),
  ];
  const places = new Places(() => people);
  assertEquals(placesIn(places), [["ada", 4, 4], ["bob", 7, 5]]);
  people = [person("bob", 2)];
  assertEquals(placesIn(places), [["bob", 2, 2]]);
});

Deno.test("Places.edited() moves cursors with their letters, but not the writer's", () => {
  const people = [person("ada", 4), person("bob", 5)];
  const places = new Places(() => people);
  places.edited([editBetween("one\ntwo", "zero\none\ntwo", 0)], "ada");
  assertEquals(placesIn(places), [["ada", 4, 4], ["bob", 10, 10]]);
});

Deno.test("Places.edited() moves selections, and ends those whose letters are deleted", () => {
  const people = [person("bob", 7, 4)];
  const places = new Places(() => people);
  const [text, longer, shorter] = [
    "one two three",
    "so one two three",
    "so  three",
  ];
  places.edited([editBetween(text, longer, 0)], "ada");
  assertEquals(placesIn(places), [["bob", 10, 7]]);
  places.edited([editBetween(longer, shorter, 0)], "ada");
  assertEquals(placesIn(places), [["bob", 3, 3]]);
});

Deno.test("Places.edited() moves a cursor whose new position has arrived before the edit", () => {
  let people = [person("bob", 1)];
  const places = new Places(() => people);
  places.all();
  people = [person("bob", 5)];
  places.edited([{ start: 0, end: 0, inserted: "so " }], "ada");
  assertEquals(placesIn(places), [["bob", 8, 8]]);
});

Deno.test("Places.all() keeps a cursor that an edit has moved until its person moves, or says again where it is", () => {
  const former = person("bob", 5);
  const changes: [Partial<Person>, number][] = [
    [{}, 8],
    [person("bob", 6), 6],
    [{ lastCursorUpdate: 2 }, 5],
    // Another tab of the person begins.
    [{ lastCursorUpdate: 2, sessions: 2 }, 8],
  ];
  for (const [change, wanted] of changes) {
    let people = [former];
    const places = new Places(() => people);
    places.edited([{ start: 0, end: 0, inserted: "so " }], "ada");
    people = [{ ...former, ...change }];
    assertEquals(placesIn(places), [["bob", wanted, wanted]]);
  }
});

Deno.test("Places.all() tells when somebody has moved, which no edit does", () => {
  using time = new FakeTime(1_000);
  let people = [person("bob", 5)];
  const places = new Places(() => people);
  assertEquals(places.all().get("bob")?.movedAt, 1_000);
  time.tick(1_000);
  places.edited([{ start: 0, end: 0, inserted: "so " }], "ada");
  assertEquals(places.all().get("bob")?.movedAt, 1_000);
  people = [person("bob", 6)];
  assertEquals(places.all().get("bob")?.movedAt, 2_000);
});

Deno.test("Places.correct() gives nobody a cursor who has none", () => {
  const people = [person("ada", 1), person("cyd", undefined)];
  const places = new Places(() => people);
  const place = { anchor: 3, head: 2 };
  places.correct(new Map(["ada", "cyd", "eve"].map((id) => [id, place])));
  assertEquals(placesIn(places), [["ada", 3, 2]]);
});

Deno.test("readPlaces() accepts places, and nothing else", () => {
  const bad = [["eve", -1, 0], ["eve", 0, 1.5], [1, 2, 3], ["eve"], null, "x"];
  assertEquals([...readPlaces([["ada", 1, 2], ...bad])], [
    ["ada", { anchor: 1, head: 2 }],
  ]);
  for (const value of [undefined, null, {}, "x", 1]) {
    assertEquals(readPlaces(value).size, 0);
  }
});
