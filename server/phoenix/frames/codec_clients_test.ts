import { assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import type { JsonObject } from "../../internal.ts";
import { BinaryBroadcast, type PhoenixMessage } from "./message.ts";
import {
  blob,
  json,
  name,
  object,
  ref,
  RUNS,
  topic,
} from "../testing/arbitraries.ts";
import { codecOf } from "../testing/codecs.ts";
import {
  type ClientSerializer,
  phoenixSerializer,
  supabaseSerializer,
} from "../testing/real_clients.ts";

const v1 = codecOf("1.0.0");
const v2 = codecOf("2.0.0");
const phoenix = phoenixSerializer();
const supabase1 = supabaseSerializer("1.0.0");
const supabase2 = supabaseSerializer("2.0.0");

const smallObject: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.string({ maxLength: 8 }),
  fc.oneof(fc.boolean(), fc.string({ maxLength: 8 })),
  { maxKeys: 3, noNullPrototype: true },
);

/** Asserts that we read what a client sends. */
function assertRead(
  client: ClientSerializer,
  sent: PhoenixMessage,
  codec = v2,
): void {
  const { joinRef, ref, topic, event, payload } = sent;
  const frame = client.encode({
    join_ref: joinRef === null ? null : String(joinRef),
    ref: ref === null ? null : String(ref),
    topic,
    event,
    payload: payload instanceof Uint8Array ? payload.slice().buffer : payload,
  });
  assertEquals(codec.decode(frame), sent);
}

/** Returns how a client reads a message of ours. */
function read(
  client: ClientSerializer,
  message: PhoenixMessage,
  codec = v2,
): unknown {
  return client.decode(codec.encode(message));
}

Deno.test("property: the messages of phoenix are read as they were sent", () => {
  fc.assert(
    fc.property(
      ref,
      ref,
      topic,
      name,
      fc.oneof(object, blob),
      (joinRef, ref, topic, event, payload) => {
        const message = { joinRef, ref, topic, event, payload };
        assertRead(phoenix, message);
        if (payload instanceof Uint8Array) return;
        assertRead(phoenix, { ...message, joinRef: null, ref: null });
      },
    ),
    RUNS,
  );
});

Deno.test("property: the text messages of Supabase's client are read as they were sent", () => {
  const refs = fc.option(ref);
  fc.assert(
    fc.property(
      refs,
      refs,
      topic,
      name,
      object,
      (joinRef, ref, topic, event, payload) => {
        const message = { joinRef, ref, topic, event, payload };
        assertRead(supabase1, message, v1);
        if (event !== "broadcast") assertRead(supabase2, message);
      },
    ),
    RUNS,
  );
});

Deno.test("property: a broadcast of Supabase's client is the same in binary and in text", () => {
  fc.assert(
    fc.property(
      fc.option(ref),
      fc.option(ref),
      topic,
      name,
      json.filter((value) => value !== null),
      fc.option(fc.boolean(), { nil: undefined }),
      (join_ref, ref, topic, event, payload, persist) => {
        const message = {
          join_ref,
          ref,
          topic,
          event: "broadcast",
          payload: {
            type: "broadcast",
            event,
            payload,
            ...persist === undefined ? {} : { persist },
          },
        };
        const binary = supabase2.encode(message);
        assertInstanceOf(binary, Uint8Array);
        const text = supabase1.encode(message);
        assertEquals(v2.decode(binary), v1.decode(text));
      },
    ),
    RUNS,
  );
});

Deno.test("property: one of Supabase's clients reads the bytes of another", () => {
  fc.assert(
    fc.property(
      fc.option(ref),
      fc.option(ref),
      topic,
      name,
      blob,
      smallObject,
      (join_ref, ref, topic, event, bytes, metadata) => {
        const payload = {
          type: "broadcast",
          event,
          payload: bytes.slice().buffer,
        };
        const frame = supabase2.encode(
          { join_ref, ref, topic, event: "broadcast", payload },
        );
        const message = v2.decode(frame);
        assertEquals(message, {
          joinRef: join_ref,
          ref,
          topic,
          event: "broadcast",
          payload: new BinaryBroadcast(event, bytes),
        });
        const stamped = new BinaryBroadcast(event, bytes, metadata);
        const isBare = Object.keys(metadata).length === 0;
        assertEquals(read(supabase2, { ...message, payload: stamped }), {
          join_ref: null,
          ref: null,
          topic,
          event: "broadcast",
          payload: { ...payload, ...isBare ? {} : { meta: metadata } },
        });
      },
    ),
    RUNS,
  );
});

Deno.test("property: all clients read messages of JSON", () => {
  const refs = fc.option(ref);
  fc.assert(
    fc.property(
      refs,
      refs,
      topic,
      name,
      object,
      (joinRef, ref, topic, event, payload) => {
        const message = { joinRef, ref, topic, event, payload };
        const expected = { ref, topic, event, payload };
        const inV2 = { join_ref: joinRef, ...expected };
        assertEquals(read(phoenix, message), inV2);
        assertEquals(read(supabase2, message), inV2);
        assertEquals(read(supabase1, message, v1), expected);
        const text = JSON.stringify(payload);
        assertEquals(
          phoenix.decode(
            v2.encodeText({ joinRef, ref: null, topic, event }, text),
          ),
          { ...inV2, ref: null },
        );
        assertEquals(
          supabase1.decode(
            v1.encodeText({ joinRef, ref: null, topic, event }, text),
          ),
          { ...expected, ref: null },
        );
      },
    ),
    RUNS,
  );
});

Deno.test("property: phoenix reads broadcasts of bytes", () => {
  fc.assert(
    fc.property(topic, name, blob, (topic, event, payload) => {
      const message = { joinRef: null, ref: null, topic, event, payload };
      assertEquals(read(phoenix, message), {
        join_ref: null,
        ref: null,
        topic,
        event,
        payload: payload.slice().buffer,
      });
    }),
    RUNS,
  );
});

Deno.test("clients can't read bytes in each other's dialects", () => {
  const message = { joinRef: null, ref: null, topic: "a", event: "b" };
  const payload = new Uint8Array([1]);
  // They read undefined as the message, and throw at it.
  const named = new BinaryBroadcast("b", payload);
  assertEquals(read(phoenix, { ...message, payload: named }), undefined);
  assertEquals(read(supabase2, { ...message, payload }), undefined);
});
