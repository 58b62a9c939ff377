import { assertEquals } from "@std/assert";
import { codecFor } from "./codec.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixReply,
} from "./message.ts";
import { bytes, codecOf } from "../testing/codecs.ts";

const v1 = codecOf("1.0.0");
const v2 = codecOf("2.0.0");

Deno.test("codecFor() knows the patches of two versions", () => {
  const versions = {
    "1.0.0": ["1.0.0", "1.0.7", "1.0.10"],
    "2.0.0": ["2.0.0", "2.0.1", "2.0.99"],
    "none": [
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
    ],
  };
  for (const [version, all] of Object.entries(versions)) {
    for (const vsn of all) {
      assertEquals(codecFor(vsn)?.version ?? "none", version, vsn);
    }
  }
});

Deno.test("codecFor() takes a client that names no version for one of the first", () => {
  assertEquals(codecFor(null)?.version, "1.0.0");
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

Deno.test("encode() tells no join ref in version 1", () => {
  assertEquals(
    v1.encode(push),
    '{"topic":"a \\"room\\"","event":"wave","ref":null,"payload":{"hand":"left"}}',
  );
});

Deno.test("encodeReply() writes phx_reply with what the message was called by", () => {
  const reply: PhoenixReply = {
    joinRef: "1",
    ref: "2",
    topic: "room:1",
    status: "error",
    response: { reason: "unmatched topic" },
  };
  const payload = '{"status":"error","response":{"reason":"unmatched topic"}}';
  assertEquals(
    v2.encodeReply(reply),
    `["1","2","room:1","phx_reply",${payload}]`,
  );
  assertEquals(
    v1.encodeReply(reply),
    `{"topic":"room:1","event":"phx_reply","ref":"2","payload":${payload}}`,
  );
  assertEquals(
    v2.encodeReply({ ...reply, joinRef: null, ref: 2 }),
    `[null,2,"room:1","phx_reply",${payload}]`,
  );
});

Deno.test("encodeBroadcast() and encodeJsonPush() take JSON as it is written", () => {
  const json = '{ "big": 12345678901234567890 }';
  assertEquals(
    v2.encodeBroadcast("room:1", "wave", json),
    `[null,null,"room:1","wave",${json}]`,
  );
  assertEquals(
    v2.encodeJsonPush("1", "room:1", "wave", json),
    `["1",null,"room:1","wave",${json}]`,
  );
  const inV1 = `{"topic":"room:1","event":"wave","ref":null,"payload":${json}}`;
  assertEquals(v1.encodeBroadcast("room:1", "wave", json), inV1);
  assertEquals(v1.encodeJsonPush("1", "room:1", "wave", json), inV1);
});

Deno.test("encode() has no frame for bytes in version 1", () => {
  const payload = bytes(1);
  const reply = { joinRef: "1", ref: "2", topic: "a", status: "ok" } as const;
  assertEquals(v1.encode({ ...push, payload }), undefined);
  assertEquals(
    v1.encode({ ...push, payload: new BinaryBroadcast("b", payload) }),
    undefined,
  );
  assertEquals(v1.encodeReply({ ...reply, response: payload }), undefined);
});
