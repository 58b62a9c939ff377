import { assertEquals, assertObjectMatch } from "@std/assert";
import { Participants, readPlaces } from "./participants.js";
import { readPresenceEvent } from "./presence_event.js";
import { editBetween, positionAt } from "../text/text_edit.js";

const NOW = 100_000;

/** An event of the wire, from a clock that is 5 s ahead. */
function event(payload: unknown): unknown {
  return { event_type: "presence", payload, timestamp: NOW + 5_000 };
}

function read(payload: unknown) {
  return readPresenceEvent(event(payload), NOW);
}

const CURSOR = { line: 0, column: 3, offset: 3 };

const ADA = {
  user_id: "ada",
  name: "Ada",
  avatar_url: null,
  color: "hsl(0, 70%, 50%)",
  online: true,
  is_typing: true,
  is_focused: true,
  activity: "editing",
  viewport: { top_line: 0, bottom_line: 9, scroll_percentage: 0 },
  cursor: CURSOR,
  selection: null,
  connected_at: NOW,
  last_active_at: NOW + 4_000,
  last_cursor_update: NOW,
};

const DOING = {
  color: "#d92626",
  activity: "editing",
  isTyping: true,
  cursor: CURSOR,
  selection: null,
  lastActive: NOW - 1_000,
};

Deno.test("readPresenceEvent() reads who is here, by the clock of the page", () => {
  assertEquals(read({ type: "state", document_id: "1", users: [ADA] }), {
    type: "state",
    people: [["ada", DOING]],
  });
  assertEquals(read({ type: "user_joined", user_id: "ada", presence: ADA }), {
    type: "joined",
    userId: "ada",
    doing: DOING,
  });
  assertEquals(read({ type: "user_left", user_id: "ada" }), {
    type: "left",
    userId: "ada",
  });
});

Deno.test("readPresenceEvent() reads what changes", () => {
  const head = { line: 0, column: 1, offset: 1 };
  const changes = [
    [
      {
        type: "cursor_moved",
        cursor: head,
        selection: { anchor: CURSOR, head, is_backward: true },
      },
      {
        cursor: head,
        selection: { anchor: CURSOR, head },
        lastActive: NOW,
      },
    ],
    [
      { type: "cursor_moved", cursor: null, selection: null },
      { cursor: null, selection: null, lastActive: NOW },
    ],
    [
      { type: "typing_changed", is_typing: true },
      { isTyping: true, lastActive: NOW },
    ],
    [{ type: "typing_changed", is_typing: false }, { isTyping: false }],
    [
      {
        type: "viewport_changed",
        viewport: { top_line: 2, bottom_line: 5, scroll_percentage: 9 },
      },
      { lastActive: NOW },
    ],
    [{ type: "activity_changed", activity: "away" }, { activity: "away" }],
    [
      { type: "activity_changed", activity: "viewing" },
      { activity: "viewing", lastActive: NOW },
    ],
    [{ type: "user_idle" }, { activity: "idle" }],
    [
      { type: "color_changed", color: "hsl(0, 70%, 50%)" },
      { color: "#d92626" },
    ],
  ] as const;
  for (const [payload, change] of changes) {
    assertEquals(read({ ...payload, user_id: "ada" }), {
      type: "changed",
      userId: "ada",
      change,
    });
  }
});

Deno.test("readPresenceEvent() returns nothing for other values", () => {
  for (const value of [null, undefined, 1, "x", [], {}, { payload: "x" }]) {
    assertEquals(readPresenceEvent(value, NOW), undefined);
    assertEquals(read(value), undefined);
  }
  assertEquals(read({ type: "user_left", user_id: 1 }), undefined);
  assertEquals(read({ type: "user_joined", presence: null }), undefined);
  assertEquals(read({ type: "user_danced", user_id: "ada" }), undefined);
  assertEquals(read({ type: "state", users: "all" }), {
    type: "state",
    people: [],
  });
  assertEquals(read({ type: "state", users: [null, "x", { name: "Ada" }] }), {
    type: "state",
    people: [],
  });
});

Deno.test("readPresenceEvent() drops malformed fields", () => {
  const odd = {
    user_id: "eve",
    color: "url(https://example.org/)",
    is_typing: "yes",
    activity: 7,
    viewport: { top_line: "0", bottom_line: 3 },
    cursor: { line: 0, column: 0, offset: -1 },
    selection: { anchor: CURSOR, head: null },
    last_active_at: "now",
  };
  assertEquals(read({ type: "user_joined", presence: odd }), {
    type: "joined",
    userId: "eve",
    doing: {
      color: undefined,
      activity: "viewing",
      isTyping: false,
      cursor: null,
      selection: null,
      lastActive: NOW,
    },
  });
});

/** Participants: Ada and Bob have cursors, Cyd has none. */
function participantsOf(text: string, ada: number, bob: number) {
  const participants = new Participants();
  const cursors = [["ada", ada], ["bob", bob], ["cyd", undefined]] as const;
  participants.apply({
    type: "state",
    people: cursors.map(([userId, offset]) => {
      const cursor = offset === undefined ? null : positionAt(text, offset);
      return [userId, { ...DOING, cursor }];
    }),
  });
  return participants;
}

Deno.test("Participants.apply() updates what people do", () => {
  const participants = participantsOf("one", 1, 2);
  participants.apply({
    type: "changed",
    userId: "ada",
    change: { activity: "idle" },
  });
  assertObjectMatch(participants.of("ada") ?? {}, {
    activity: "idle",
    isTyping: true,
  });
  participants.apply({ type: "changed", userId: "eve", change: {} });
  assertEquals(participants.of("eve"), undefined);
  participants.apply({ type: "left", userId: "ada" });
  assertEquals(participants.of("ada"), undefined);
  participants.apply({ type: "joined", userId: "eve", doing: DOING });
  assertEquals(participants.of("eve"), DOING);
  participants.apply({ type: "state", people: [] });
  assertEquals(participants.of("bob"), undefined);
});

Deno.test("Participants.edited() moves cursors with their letters, but not the writer's", () => {
  const [before, after] = ["one\ntwo", "zero\none\ntwo"];
  const participants = participantsOf(before, 4, 5);
  participants.edited([editBetween(before, after, 0)], after, "ada");
  assertEquals([...participants.places()], [
    ["ada", { anchor: 4, head: 4 }],
    ["bob", { anchor: 10, head: 10 }],
  ]);
  assertEquals(participants.of("bob")?.cursor, {
    line: 2,
    column: 1,
    offset: 10,
  });
});

Deno.test("Participants.edited() moves selections, and ends those whose letters are deleted", () => {
  const text = "one two three";
  const participants = participantsOf(text, 0, 0);
  participants.place("bob", { anchor: 7, head: 4 }, text);
  assertEquals(participants.of("bob")?.selection, {
    anchor: positionAt(text, 7),
    head: positionAt(text, 4),
  });
  const longer = "so one two three";
  participants.edited([editBetween(text, longer, 0)], longer, "ada");
  const place = { anchor: 10, head: 7 };
  assertEquals(participants.places().get("bob"), place);
  const shorter = "so  three";
  participants.edited([editBetween(longer, shorter, 0)], shorter, "ada");
  assertEquals(participants.of("bob")?.selection, null);
});

Deno.test("Participants.place() gives nobody a cursor who has none", () => {
  const participants = participantsOf("one", 0, 0);
  for (const userId of ["cyd", "eve"]) {
    participants.place(userId, { anchor: 1, head: 1 }, "one");
    assertEquals(participants.places().has(userId), false);
  }
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
