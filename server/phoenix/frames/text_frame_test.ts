import { assert, assertEquals, assertFalse } from "@std/assert";
import type { PhoenixMessage } from "./message.ts";
import { bytes, codecOf, refusal } from "../testing/codecs.ts";

const v1 = codecOf("1.0.0");
const v2 = codecOf("2.0.0");

const READ_BY_V2: Record<string, [string, PhoenixMessage]> = {
  "a join": ['["1","1","room:1","phx_join",{"key":"alice"}]', {
    joinRef: "1",
    ref: "1",
    topic: "room:1",
    event: "phx_join",
    payload: { key: "alice" },
  }],
  "a heartbeat": ['[null,"7","phoenix","heartbeat",{}]', {
    joinRef: null,
    ref: "7",
    topic: "phoenix",
    event: "heartbeat",
    payload: {},
  }],
  "what awaits no reply": ['["1",null,"room:1","wave",{}]', {
    joinRef: "1",
    ref: null,
    topic: "room:1",
    event: "wave",
    payload: {},
  }],
  "refs that are numbers": ['[1,2,"room:1","wave",{}]', {
    joinRef: 1,
    ref: 2,
    topic: "room:1",
    event: "wave",
    payload: {},
  }],
  "empty strings": ['["","","","",{}]', {
    joinRef: "",
    ref: "",
    topic: "",
    event: "",
    payload: {},
  }],
  "white space": [' [ null , null , "a" , "b" , { } ]\n', {
    joinRef: null,
    ref: null,
    topic: "a",
    event: "b",
    payload: {},
  }],
};

for (const [what, [frame, message]] of Object.entries(READ_BY_V2)) {
  Deno.test(`decode() of version 2 reads ${what}`, () => {
    assertEquals(v2.decode(frame), message);
  });
}

const READ_BY_V1: Record<string, [string, PhoenixMessage]> = {
  "a join": [
    '{"topic":"room:1","event":"phx_join","payload":{"a":1},"ref":"1","join_ref":"1"}',
    {
      joinRef: "1",
      ref: "1",
      topic: "room:1",
      event: "phx_join",
      payload: { a: 1 },
    },
  ],
  "refs that are null": [
    '{"topic":"room:1","event":"wave","payload":{},"ref":null,"join_ref":null}',
    { joinRef: null, ref: null, topic: "room:1", event: "wave", payload: {} },
  ],
  "refs that are left out": [
    '{"topic":"room:1","event":"wave","payload":{}}',
    { joinRef: null, ref: null, topic: "room:1", event: "wave", payload: {} },
  ],
  "a ref that is a number": [
    '{"topic":"room:1","event":"wave","payload":{},"ref":3}',
    { joinRef: null, ref: 3, topic: "room:1", event: "wave", payload: {} },
  ],
  "no more than it knows": [
    '{"topic":"room:1","event":"wave","payload":{},"ref":"3","status":"ok"}',
    { joinRef: null, ref: "3", topic: "room:1", event: "wave", payload: {} },
  ],
};

for (const [what, [frame, message]] of Object.entries(READ_BY_V1)) {
  Deno.test(`decode() of version 1 reads ${what}`, () => {
    assertEquals(v1.decode(frame), message);
    assertEquals(v1.decode(bytes(frame)), message, "the same, sent as bytes");
  });
}

const LONG = "x".repeat(256);
const DEEP = "[".repeat(100) + "]".repeat(100);

const REFUSED_BY_V2: [string, string][] = [
  ["", "it is not JSON"],
  ["[", "it is not JSON"],
  ['["1","1","room:1","wave",{}', "it is not JSON"],
  ['["1","1","room:1","wave",{}]]', "it is not JSON"],
  ["NaN", "it is not JSON"],
  ["null", "it must be an array of 5"],
  ["5", "it must be an array of 5"],
  ['"phx_join"', "it must be an array of 5"],
  ["{}", "it must be an array of 5"],
  ['{"length":5}', "it must be an array of 5"],
  ["[]", "it must be an array of 5"],
  ['["1","1","room:1","wave"]', "it must be an array of 5"],
  ['["1","1","room:1","wave",{},{}]', "it must be an array of 5"],
  [
    '[true,"1","room:1","wave",{}]',
    "join_ref must be a string, a whole number or null",
  ],
  [
    '["1",1.5,"room:1","wave",{}]',
    "ref must be a string, a whole number or null",
  ],
  [
    '["1",1e300,"room:1","wave",{}]',
    "ref must be a string, a whole number or null",
  ],
  [
    '["1",["1"],"room:1","wave",{}]',
    "ref must be a string, a whole number or null",
  ],
  ['["1","\\udc00","room:1","wave",{}]', "ref must be a well-formed string"],
  [`["1","${LONG}","room:1","wave",{}]`, "ref must have at most 255 bytes"],
  ['["1","1",null,"wave",{}]', "topic must be a string"],
  ['["1","1",["room:1"],"wave",{}]', "topic must be a string"],
  ['["1","1","\\ud800","wave",{}]', "topic must be a well-formed string"],
  [`["1","1","${LONG}","wave",{}]`, "topic must have at most 255 bytes"],
  [
    `["1","1","${"€".repeat(86)}","wave",{}]`,
    "topic must have at most 255 bytes",
  ],
  ['["1","1","room:1",7,{}]', "event must be a string"],
  ['["1","1","room:1","a\\ud800b",{}]', "event must be a well-formed string"],
  [`["1","1","room:1","${LONG}",{}]`, "event must have at most 255 bytes"],
  ['["1","1","room:1","wave",null]', "payload must be an object"],
  ['["1","1","room:1","wave",[]]', "payload must be an object"],
  ['["1","1","room:1","wave","{}"]', "payload must be an object"],
  ['["1","1","room:1","wave",7]', "payload must be an object"],
];

Deno.test("decode() of version 2 names the fault", () => {
  for (const [frame, reason] of REFUSED_BY_V2) {
    const expected = `Cannot read frame: ${reason}`;
    assertEquals(refusal(v2, frame).message, expected, frame);
  }
});

const REFUSED_BY_V1: [string | Uint8Array, string][] = [
  ["{", "it is not JSON"],
  [bytes("{"), "it is not JSON"],
  [bytes(), "it is not JSON"],
  [bytes('{"topic":"', 0xff, '"}'), "it is not UTF-8"],
  ["null", "it must be an object"],
  ["[]", "it must be an object"],
  ['["1","1","room:1","wave",{}]', "it must be an object"],
  ["{}", "topic is missing or not UTF-8"],
  ['{"__proto__":{"topic":"room:1"}}', "topic is missing or not UTF-8"],
  ['{"topic":"room:1"}', "event is missing or not UTF-8"],
  ['{"topic":"room:1","event":"wave"}', "payload must be an object"],
  [
    '{"topic":"room:1","event":"wave","payload":[]}',
    "payload must be an object",
  ],
  [
    '{"topic":"room:1","event":"wave","payload":{},"ref":{}}',
    "ref must be a string, a whole number or null",
  ],
  [
    '{"topic":"room:1","event":"wave","payload":{},"join_ref":false}',
    "join_ref must be a string, a whole number or null",
  ],
];

Deno.test("decode() of version 1 names the fault", () => {
  for (const [frame, reason] of REFUSED_BY_V1) {
    const expected = `Cannot read frame: ${reason}`;
    assertEquals(refusal(v1, frame).message, expected, String(frame));
  }
});

Deno.test("decode() finds what the reply to a bad frame must repeat", () => {
  const origins = [
    ['["1","2","room:1","wave",[]]', "1", "2", "room:1"],
    ['["1","2","room:1",null,{}]', "1", "2", "room:1"],
    ['[{},"2","room:1","wave",{}]', null, "2", "room:1"],
    ['["1",{},"room:1","wave",{}]', "1", null, "room:1"],
    ['["1","2",{},"wave",{}]', "1", "2", undefined],
    ['[null,2,"room:1","wave",[]]', null, 2, "room:1"],
    [`["1","2","${LONG}","phx_join",{}]`, "1", "2", LONG],
    [`["${LONG}","${LONG}","room:1","wave",{}]`, LONG, LONG, "room:1"],
    ['["1","2","\\ud800","wave",{}]', "1", "2", "\ud800"],
    [`["1","2","room:1","wave",${DEEP}]`, "1", "2", "room:1"],
    [`[${DEEP},"2","room:1","wave",{}]`, null, "2", "room:1"],
    [`["1","2",${DEEP},"wave",{}]`, "1", "2", undefined],
    [`["1","2","room:1","wave",${DEEP}`, null, null, undefined],
    [`["1","2","room:1",${DEEP}]`, null, null, undefined],
    ['["1","2","room:1"]', null, null, undefined],
    ["[", null, null, undefined],
  ] as const;
  for (const [frame, ...origin] of origins) {
    const { joinRef, ref, topic } = refusal(v2, frame).origin;
    assertEquals([joinRef, ref, topic], origin, frame);
  }
  for (const payload of ["1", DEEP]) {
    const frame =
      `{"topic":"room:1","event":"wave","payload":${payload},"ref":"2"}`;
    const { joinRef, ref, topic } = refusal(v1, frame).origin;
    assertEquals([joinRef, ref, topic], [null, "2", "room:1"]);
  }
});

Deno.test("decode() accepts names of 255 bytes", () => {
  for (const name of ["x".repeat(255), "€".repeat(85), `${"😀".repeat(63)}é`]) {
    const frame = JSON.stringify([name, name, name, name, {}]);
    const message = { joinRef: name, ref: name, topic: name, event: name };
    assertEquals(v2.decode(frame), { ...message, payload: {} });
  }
});

Deno.test("decode() accepts 64 levels with the frame, and no more", () => {
  const nested = (depth: number) =>
    `["1","1","a","b",${'{"x":'.repeat(depth - 2)}[]${"}".repeat(depth - 2)}]`;
  assertEquals(v2.decode(nested(64)).topic, "a");
  const tooDeep = "Cannot read frame: it is nested deeper than 64 levels";
  assertEquals(refusal(v2, nested(65)).message, tooDeep);
  const frame = `{"payload":${"[".repeat(64)}`;
  assertEquals(refusal(v1, frame).message, tooDeep);
});

Deno.test("decode() does not mistake brackets in strings, or in a row, for levels", () => {
  const text = '[{"\\[{'.repeat(100);
  const rows = Array.from({ length: 100 }, () => [{}]);
  const payload = { text, [text]: `${text}\\`, rows };
  const frame = JSON.stringify([null, null, "a", "b", payload]);
  assertEquals(v2.decode(frame).payload, payload);
});

Deno.test("decode() survives a million brackets", () => {
  const many = 1_000_000;
  for (const codec of [v1, v2]) {
    refusal(codec, "[".repeat(many));
    refusal(codec, "[".repeat(many) + "]".repeat(many));
    refusal(codec, '{"a":'.repeat(many));
    refusal(codec, `[1,2,"a","b",${'{"a":'.repeat(many)}`);
  }
});

Deno.test("decode() keeps __proto__ as a name like any other", () => {
  const json = '{"__proto__":{"admin":true},"constructor":{"prototype":1}}';
  const { payload } = v2.decode(`[null,null,"a","b",${json}]`);
  assert(Object.hasOwn(payload, "__proto__"));
  assertFalse("admin" in payload);
  assertFalse("admin" in {});
  assertEquals(Object.getPrototypeOf(payload), Object.prototype);
  const message = { joinRef: null, ref: null, topic: "a", event: "b", payload };
  assertEquals(v2.encode(message), `[null,null,"a","b",${json}]`);
});

Deno.test("decode() leaves lone surrogates in payloads as they are", () => {
  const frame = '[null,null,"a","b",{"x":"\\ud800"}]';
  const message = v2.decode(frame);
  assertEquals(message.payload, { x: "\ud800" });
  assertEquals(v2.encode(message), frame);
});
