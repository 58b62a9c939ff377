import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  codecFor,
  V1 as v1,
  V2 as v2,
  V2_BUNDLES as bundles,
} from "./codec.ts";
import { BinaryBroadcast, type PhoenixMessage } from "./message.ts";
import { bytes } from "../testing/codecs.ts";

Deno.test("codecFor() knows the patches of two versions", () => {
  const versions = [
    [v1, ["1.0.0", "1.0.7", "1.0.10"]],
    [v2, ["2.0.0", "2.0.1", "2.0.99"]],
    [undefined, [
      "",
      "1",
      "2",
      "2.0",
      "1.1.0",
      "2.1.0",
      "3.0.0",
      "0.0.0",
      "12.0.0",
      "2.0.00",
      "2.0.01",
      "2.0.0.0",
      "2.0.0-rc.1",
      "v2.0.0",
      "~> 2.0.0",
      " 2.0.0",
      "2.0.0\n",
      "2x0x0",
    ]],
  ] as const;
  for (const [codec, all] of versions) {
    for (const vsn of all) assertStrictEquals(codecFor(vsn), codec, vsn);
  }
});

Deno.test("codecFor() assumes version 1 for a client that names none", () => {
  assertStrictEquals(codecFor(null), v1);
});

Deno.test("codecFor() bundles in version 2", () => {
  assertStrictEquals(codecFor("2.0.0", "1"), bundles);
  for (const bundle of ["", "0", "true", "2"]) {
    assertStrictEquals(codecFor("2.0.0", bundle), undefined);
  }
  assertStrictEquals(codecFor("1.0.0", "1"), undefined);
  assertStrictEquals(codecFor(null, "1"), undefined);
});

const push: PhoenixMessage = {
  joinRef: "1",
  ref: null,
  topic: 'a "room"',
  event: "wave",
  payload: { hand: "left" },
};

Deno.test("encode() writes JSON as text", () => {
  assertEquals(
    v2.encode(push),
    '["1",null,"a \\"room\\"","wave",{"hand":"left"}]',
  );
  assertEquals(
    v2.encode({ ...push, joinRef: 1, ref: 2 }),
    '[1,2,"a \\"room\\"","wave",{"hand":"left"}]',
  );
});

Deno.test("encode() writes no join ref in version 1", () => {
  assertEquals(
    v1.encode(push),
    '{"topic":"a \\"room\\"","event":"wave","ref":null,"payload":{"hand":"left"}}',
  );
});

Deno.test("encode() writes a reply with the refs of the message", () => {
  const reply: PhoenixMessage = {
    joinRef: "1",
    ref: "2",
    topic: "room:1",
    event: "phx_reply",
    payload: { status: "error", response: { reason: "unmatched topic" } },
  };
  const payload = '{"status":"error","response":{"reason":"unmatched topic"}}';
  assertEquals(
    v2.encode(reply),
    `["1","2","room:1","phx_reply",${payload}]`,
  );
  assertEquals(
    v1.encode(reply),
    `{"topic":"room:1","event":"phx_reply","ref":"2","payload":${payload}}`,
  );
  assertEquals(
    v2.encode({ ...reply, joinRef: null, ref: 2 }),
    `[null,2,"room:1","phx_reply",${payload}]`,
  );
});

Deno.test("encodeText() keeps JSON as it is", () => {
  const header = { joinRef: null, ref: null, topic: "room:1", event: "wave" };
  const json = '{ "big": 12345678901234567890 }';
  assertEquals(
    v2.encodeText(header, json),
    `[null,null,"room:1","wave",${json}]`,
  );
  assertEquals(
    v2.encodeText({ ...header, joinRef: "1" }, json),
    `["1",null,"room:1","wave",${json}]`,
  );
  const inV1 = `{"topic":"room:1","event":"wave","ref":null,"payload":${json}}`;
  assertEquals(v1.encodeText(header, json), inV1);
  assertEquals(v1.encodeText({ ...header, joinRef: "1" }, json), inV1);
});

Deno.test("encode() has no frame for bytes in version 1", () => {
  const payload = bytes(1);
  assertEquals(v1.encode({ ...push, payload }), undefined);
  assertEquals(
    v1.encode({ ...push, payload: new BinaryBroadcast("b", payload) }),
    undefined,
  );
});
