import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { BinaryBroadcast, type PhoenixMessage } from "./message.ts";
import { bytes, codecOf, refusal } from "../testing/codecs.ts";

const v2 = codecOf("2.0.0");

const READ: Record<string, [Uint8Array, PhoenixMessage]> = {
  "a push": [bytes(0, 1, 2, 6, 4, "1", "12", "room:1", "wave", 255, 0), {
    joinRef: "1",
    ref: "12",
    topic: "room:1",
    event: "wave",
    payload: bytes(255, 0),
  }],
  "a push without refs and bytes": [bytes(0, 0, 0, 1, 1, "ab"), {
    joinRef: null,
    ref: null,
    topic: "a",
    event: "b",
    payload: bytes(),
  }],
  "names of several bytes a character": [bytes(0, 0, 0, 3, 6, "€é😀b", 1), {
    joinRef: null,
    ref: null,
    topic: "€",
    event: "é😀",
    payload: bytes("b", 1),
  }],
  "a byte order mark in a name": [bytes(0, 0, 0, 4, 1, "\uFEFFab"), {
    joinRef: null,
    ref: null,
    topic: "\uFEFFa",
    event: "b",
    payload: bytes(),
  }],
  "Supabase's broadcast of JSON, as if it were text": [
    bytes(3, 1, 2, 10, 4, 0, 1, "1", "12", "realtime:a", "wave", '{"x":1}'),
    {
      joinRef: "1",
      ref: "12",
      topic: "realtime:a",
      event: "broadcast",
      payload: { type: "broadcast", event: "wave", payload: { x: 1 } },
    },
  ],
  "Supabase's broadcast of JSON that is no object": [
    bytes(3, 0, 0, 1, 1, 0, 1, "ab", "null"),
    {
      joinRef: null,
      ref: null,
      topic: "a",
      event: "broadcast",
      payload: { type: "broadcast", event: "b", payload: null },
    },
  ],
  "Supabase's broadcast of JSON with metadata": [
    bytes(3, 0, 0, 1, 1, 28, 1, "ab", '{"persist":true,"event":"x"}', "[]"),
    {
      joinRef: null,
      ref: null,
      topic: "a",
      event: "broadcast",
      payload: { persist: true, type: "broadcast", event: "b", payload: [] },
    },
  ],
  "Supabase's broadcast of bytes": [
    bytes(3, 1, 1, 1, 4, 0, 0, "12a", "wave", 255, 0),
    {
      joinRef: "1",
      ref: "2",
      topic: "a",
      event: "broadcast",
      payload: new BinaryBroadcast("wave", bytes(255, 0)),
    },
  ],
  "Supabase's broadcast of bytes with metadata": [
    bytes(3, 0, 0, 1, 1, 16, 0, "ab", '{"persist":true}', "{}"),
    {
      joinRef: null,
      ref: null,
      topic: "a",
      event: "broadcast",
      payload: new BinaryBroadcast("b", bytes("{}"), { persist: true }),
    },
  ],
};

for (const [what, [frame, message]] of Object.entries(READ)) {
  Deno.test(`decode() of binary reads ${what}`, () => {
    assertEquals(v2.decode(frame), message);
  });
}

const REFUSED: [Uint8Array, string][] = [
  [bytes(), "it is empty"],
  [bytes(1, 1, 1, 1, 1, "abcd"), "no client sends binary frames of kind 1"],
  [bytes(2, 1, 1, "ab"), "no client sends binary frames of kind 2"],
  [bytes(4, 1, 1, 0, 0, "ab"), "no client sends binary frames of kind 4"],
  [bytes("["), "no client sends binary frames of kind 91"],
  [bytes(0), "join_ref is missing or not UTF-8"],
  [bytes(0, 0, 0, 0), "join_ref is missing or not UTF-8"],
  [bytes(0, 9, 0, 1, 1, "ab"), "join_ref is missing or not UTF-8"],
  [bytes(0, 0, 9, 1, 1, "ab"), "ref is missing or not UTF-8"],
  [bytes(0, 0, 0, 255, 1, "ab"), "topic is missing or not UTF-8"],
  [bytes(0, 0, 0, 1, 2, "ab"), "event is missing or not UTF-8"],
  [bytes(0, 1, 0, 1, 1, 0xff, "ab"), "join_ref is missing or not UTF-8"],
  [bytes(0, 0, 0, 1, 1, 0xc3, "b"), "topic is missing or not UTF-8"],
  // A surrogate, and a longer form than needed.
  [
    bytes(0, 0, 0, 3, 1, 0xed, 0xa0, 0x80, "b"),
    "topic is missing or not UTF-8",
  ],
  [bytes(0, 0, 0, 1, 2, "a", 0xc0, 0x80), "event is missing or not UTF-8"],
  [bytes(3, 0, 0, 0, 0, 0), "join_ref is missing or not UTF-8"],
  [bytes(3, 0, 0, 1, 1, 9, 0, "ab{}"), "metadata is missing or not UTF-8"],
  [bytes(3, 0, 0, 1, 1, 1, 0, "ab", 0xff), "metadata is missing or not UTF-8"],
  [bytes(3, 0, 0, 1, 1, 1, 0, "ab{"), "metadata is not JSON"],
  [bytes(3, 0, 0, 1, 1, 2, 0, "ab[]"), "metadata must be an object"],
  [
    bytes(3, 0, 0, 1, 1, 64, 0, "ab", "[".repeat(64)),
    "it is nested deeper than 64 levels",
  ],
  [bytes(3, 0, 0, 1, 1, 0, 2, "ab{}"), "there is no encoding 2"],
  [bytes(3, 0, 0, 1, 1, 0, 1, "ab"), "payload is not JSON"],
  [bytes(3, 0, 0, 1, 1, 0, 1, "ab{"), "payload is not JSON"],
  [bytes(3, 0, 0, 1, 1, 0, 1, "ab\uFEFF{}"), "payload is not JSON"],
  [bytes(3, 0, 0, 1, 1, 0, 1, "ab", 0xff), "payload is missing or not UTF-8"],
  [
    bytes(3, 0, 0, 1, 1, 0, 1, "ab", "[".repeat(1_000_000)),
    "it is nested deeper than 64 levels",
  ],
];

Deno.test("decode() of binary names the fault", () => {
  for (const [frame, reason] of REFUSED) {
    const expected = `Cannot read frame: ${reason}`;
    assertEquals(refusal(v2, frame).message, expected);
  }
});

Deno.test("decode() of binary finds what the reply to a bad frame must repeat", () => {
  const origins = [
    [bytes(0, 1, 1, 1, 9, "12ab"), "1", "2", "a"],
    [bytes(0, 1, 1, 9, 0, "12ab"), "1", "2", undefined],
    [bytes(0, 1, 9, 1, 1, "12ab"), "1", null, undefined],
    [bytes(3, 1, 1, 1, 1, 0, 7, "12ab"), "1", "2", "a"],
    [bytes(3, 1, 1, 1, 1, 0, 1, "12ab{"), "1", "2", "a"],
    [bytes(3, 1, 1, 1, 1, 2, 1, "12ab[]{}"), "1", "2", "a"],
    [bytes(2, 1, 1, "ab"), null, null, undefined],
  ] as const;
  for (const [frame, ...origin] of origins) {
    const { joinRef, ref, topic } = refusal(v2, frame).origin;
    assertEquals([joinRef, ref, topic], origin);
  }
});

Deno.test("decode() accepts as many levels of a broadcast in binary as in text", () => {
  for (const levels of [62, 63]) {
    const json = "[".repeat(levels) + "]".repeat(levels);
    const text =
      `[null,null,"a","broadcast",{"type":"broadcast","event":"b","payload":${json}}]`;
    const binary = bytes(3, 0, 0, 1, 1, 0, 1, "ab", json);
    if (levels === 62) {
      assertEquals(v2.decode(binary), v2.decode(text));
    } else {
      assertEquals(refusal(v2, binary).message, refusal(v2, text).message);
    }
  }
});

Deno.test("decode() of binary keeps __proto__ as a name like any other", () => {
  const json = '{"__proto__":{"x":1}}';
  const frame = bytes(3, 0, 0, 1, 1, json.length, 1, "ab", json, json);
  const { payload } = v2.decode(frame);
  assert(Object.hasOwn(payload, "__proto__"));
  assertFalse("x" in payload);
  assertEquals(
    JSON.stringify(payload),
    `{"__proto__":{"x":1},"type":"broadcast","event":"b","payload":${json}}`,
  );
});

const header = { joinRef: null, ref: null, topic: "room:1", event: "wave" };

const WRITTEN: Record<string, [PhoenixMessage, Uint8Array]> = {
  "a broadcast to all": [
    { ...header, payload: bytes(255) },
    bytes(2, 6, 4, "room:1", "wave", 255),
  ],
  "Supabase's broadcast": [
    {
      ...header,
      event: "broadcast",
      payload: new BinaryBroadcast("é", bytes(255)),
    },
    bytes(4, 6, 2, 0, 0, "room:1", "é", 255),
  ],
  "Supabase's broadcast with metadata": [
    {
      ...header,
      event: "broadcast",
      payload: new BinaryBroadcast("b", bytes(255), { by: "alice" }),
    },
    bytes(4, 6, 1, 14, 0, "room:1", "b", '{"by":"alice"}', 255),
  ],
};

for (const [what, [message, frame]] of Object.entries(WRITTEN)) {
  Deno.test(`encode() writes ${what} in binary`, () => {
    assertEquals(v2.encode(message), frame);
  });
}

Deno.test("encode() refuses what a length in a binary frame can't say", () => {
  const long = "é".repeat(128);
  const payload = bytes();
  const write = (message: Partial<PhoenixMessage>) => () =>
    v2.encode({ ...header, payload, ...message });
  const rule = "must have at most 255 bytes: received";
  const expected: [() => unknown, string][] = [
    [write({ topic: long }), `Cannot write frame: topic ${rule} 256`],
    [write({ event: long }), `Cannot write frame: event ${rule} 256`],
    [
      write({ payload: new BinaryBroadcast("b", payload, { by: long }) }),
      `Cannot write frame: metadata ${rule} 265`,
    ],
  ];
  for (const [run, message] of expected) {
    assertEquals(assertThrows(run, RangeError).message, message);
  }
});
