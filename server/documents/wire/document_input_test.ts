import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvalidValueError } from "../../../core/mod.ts";
import {
  type DocumentUser,
  documentUserJson,
  readCursorMove,
  readFocus,
  readTyping,
  readViewport,
  type Selection,
  type Viewport,
} from "../mod.ts";

const RUNS = { numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) };

const CURSOR = { line: 3, column: 4, offset: 50 };
const SELECTION = { anchor: CURSOR, head: CURSOR, is_backward: false };
const VIEWPORT = { top_line: 1, bottom_line: 40, scroll_percentage: 50 };

Deno.test("readCursorMove() reads a cursor and a selection", () => {
  assertEquals(readCursorMove({ cursor: CURSOR, selection: SELECTION }), {
    cursor: CURSOR,
    selection: { anchor: CURSOR, head: CURSOR, isBackward: false },
  });
});

Deno.test("readCursorMove() reads a missing selection as none", () => {
  const nothing = { cursor: CURSOR, selection: null };
  assertEquals(readCursorMove({ cursor: CURSOR }), nothing);
  assertEquals(readCursorMove({ cursor: CURSOR, selection: null }), nothing);
});

Deno.test("readCursorMove() leaves out unknown fields", () => {
  const cursor = { ...CURSOR, blink: true };
  assertEquals(readCursorMove({ cursor, more: 1 }).cursor, CURSOR);
});

Deno.test("readViewport() reads a viewport", () => {
  assertEquals(readViewport(VIEWPORT), {
    topLine: 1,
    bottomLine: 40,
    scrollPercentage: 50,
  });
});

Deno.test("readFocus() reads whether a document is in focus, and hidden", () => {
  assertEquals(readFocus({ focused: true }), { focused: true, hidden: false });
  assertEquals(readFocus({ focused: false, hidden: true }), {
    focused: false,
    hidden: true,
  });
});

Deno.test("readTyping() reads whether a person types; true by default", () => {
  const read = [{}, { is_typing: true }, { is_typing: false }].map(readTyping);
  assertEquals(read, [true, true, false]);
});

const NOT_A_PLACE = [
  -1,
  0.5,
  2 ** 53,
  NaN,
  Infinity,
  "1",
  null,
  undefined,
  true,
  [1],
  {},
];

const NO_OBJECT = [null, undefined, [], "x", 7, true];

type Reader = (json: unknown) => unknown;

/** Refused inputs by the field in the message. */
const REFUSED: [Reader, field: string, jsons: readonly unknown[]][] = [
  [readTyping, "payload", NO_OBJECT],
  [
    readTyping,
    "is_typing",
    [null, 0, "false", []].map((is_typing) => ({ is_typing })),
  ],
  [readCursorMove, "payload", NO_OBJECT],
  [
    readCursorMove,
    "cursor",
    [null, undefined, "x", 7, true].map((cursor) => ({ cursor })),
  ],
  ...(["line", "column", "offset"] as const).map((
    name,
  ): [Reader, string, unknown[]] => [
    readCursorMove,
    `cursor.${name}`,
    NOT_A_PLACE.map((place) => ({ cursor: { ...CURSOR, [name]: place } })),
  ]),
  [
    readCursorMove,
    "selection",
    [[], "x", 7, true].map((selection) => ({ cursor: CURSOR, selection })),
  ],
  [
    readCursorMove,
    "selection.anchor.line",
    NOT_A_PLACE.map((line) => ({
      cursor: CURSOR,
      selection: { ...SELECTION, anchor: { ...CURSOR, line } },
    })),
  ],
  [
    readCursorMove,
    "selection.head",
    [{ cursor: CURSOR, selection: { ...SELECTION, head: null } }],
  ],
  [
    readCursorMove,
    "selection.is_backward",
    [0, "false", null, undefined].map((is_backward) => ({
      cursor: CURSOR,
      selection: { ...SELECTION, is_backward },
    })),
  ],
  [readViewport, "payload", NO_OBJECT],
  [
    readViewport,
    "top_line",
    NOT_A_PLACE.map((top_line) => ({ ...VIEWPORT, top_line })),
  ],
  [
    readViewport,
    "bottom_line",
    [0, ...NOT_A_PLACE].map((bottom_line) => ({ ...VIEWPORT, bottom_line })),
  ],
  [
    readViewport,
    "scroll_percentage",
    [-1, 100.5, NaN, "50", null, undefined].map((scroll_percentage) => ({
      ...VIEWPORT,
      scroll_percentage,
    })),
  ],
  [readFocus, "payload", NO_OBJECT],
  [
    readFocus,
    "focused",
    [0, "true", null, undefined].map((focused) => ({ focused })),
  ],
  [
    readFocus,
    "hidden",
    [0, "true", null].map((hidden) => ({ focused: true, hidden })),
  ],
];

for (const [reader, field, jsons] of REFUSED) {
  Deno.test(`${reader.name}() blames ${field}`, () => {
    for (const json of jsons) {
      const error = assertThrows(() => reader(json), InvalidValueError);
      assertEquals(error.field, field, JSON.stringify(json));
    }
  });
}

const place = fc.maxSafeNat();
const cursor = fc.record({ line: place, column: place, offset: place });
const selection: fc.Arbitrary<Selection> = fc.record({
  anchor: cursor,
  head: cursor,
  isBackward: fc.boolean(),
});
const viewport: fc.Arbitrary<Viewport> = fc.record({
  topLine: fc.nat(1_000),
  bottomLine: fc.integer({ min: 1_000, max: 1e9 }),
  scrollPercentage: fc.double({ min: 0, max: 100, noNaN: true })
    .map((number) => number + 0),
});

/** A person with only some relevant fields. */
function userWith(fields: Partial<DocumentUser>): DocumentUser {
  return {
    userId: "ada",
    documentId: "42",
    workspaceId: null,
    name: "Ada",
    avatarUrl: null,
    color: "",
    online: true,
    typing: false,
    focused: true,
    activity: "viewing",
    viewport: null,
    cursor: null,
    selection: null,
    connectedAt: 0,
    lastActiveAt: 0,
    lastCursorUpdate: null,
    sessions: 1,
    ...fields,
  };
}

Deno.test("property: a person is read from JSON as they were written", () => {
  fc.assert(
    fc.property(
      cursor,
      fc.option(selection),
      viewport,
      (cursor, selection, viewport) => {
        const user = userWith({ cursor, selection, viewport });
        const json = JSON.parse(JSON.stringify(documentUserJson(user)));
        assertEquals(readCursorMove(json), { cursor, selection });
        assertEquals(readViewport(json.viewport), viewport);
      },
    ),
    RUNS,
  );
});

Deno.test("property: any input of a client is read or refused by an InvalidValueError", () => {
  const wild = fc.oneof(
    fc.jsonValue(),
    fc.record({
      cursor: fc.oneof(cursor, fc.jsonValue()),
      selection: fc.jsonValue(),
      top_line: fc.oneof(place, fc.jsonValue()),
      bottom_line: fc.jsonValue(),
      scroll_percentage: fc.jsonValue(),
      focused: fc.oneof(fc.boolean(), fc.jsonValue()),
      hidden: fc.jsonValue(),
      is_typing: fc.oneof(fc.boolean(), fc.jsonValue()),
    }, { requiredKeys: [] }),
  );
  fc.assert(
    fc.property(wild, (json) => {
      const readers = [readCursorMove, readViewport, readFocus, readTyping];
      for (const reader of readers) {
        try {
          reader(json);
        } catch (error) {
          if (!(error instanceof InvalidValueError)) throw error;
        }
      }
    }),
    RUNS,
  );
});
