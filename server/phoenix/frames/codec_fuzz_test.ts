import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import type { Codec } from "./codec.ts";
import { FrameError, type FrameOrigin } from "./frame_error.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixPayload,
} from "./message.ts";
import { blob, json, name, object, ref, RUNS } from "../testing/arbitraries.ts";
import { bytes, codecOf, refusal } from "../testing/codecs.ts";
import { phoenixSerializer } from "../testing/real_clients.ts";

const v1 = codecOf("1.0.0");
const v2 = codecOf("2.0.0");

/** Reads a frame, or gets a FrameError. Nothing else may happen. */
function attempt(
  codec: Codec,
  frame: string | Uint8Array,
): PhoenixMessage | undefined {
  try {
    return codec.decode(frame);
  } catch (error) {
    assertInstanceOf(error, FrameError);
    assert(error.message.startsWith("Cannot read frame: "), error.message);
    assertOrigin(error.origin);
    return undefined;
  }
}

/** A reply repeats it as it came: a name may be too long in it, or broken. */
function assertOrigin({ joinRef, ref, topic }: FrameOrigin): void {
  for (const name of [joinRef, ref]) {
    assert(
      name === null || typeof name === "string" || Number.isSafeInteger(name),
    );
  }
  assert(topic === undefined || typeof topic === "string");
}

function assertNames(...names: unknown[]): void {
  for (const name of names) {
    if (typeof name !== "string") {
      assert(name === null || name === undefined || Number.isSafeInteger(name));
      continue;
    }
    assert(name.isWellFormed());
    assert(bytes(name).length <= 255);
  }
}

/** A message that was read can be sent to anyone, with the same meaning. */
function assertCanBeTold(message: PhoenixMessage): void {
  const { joinRef, ref, topic, event, payload } = message;
  assertNames(joinRef, ref, topic, event);
  const told: PhoenixPayload = payload instanceof BinaryBroadcast
    ? new BinaryBroadcast(payload.event, payload.bytes)
    : payload;
  const inV2 = v2.encode({ ...message, payload: told });
  const inV1 = v1.encode({ ...message, payload: told });
  if (payload instanceof Uint8Array || payload instanceof BinaryBroadcast) {
    assertInstanceOf(inV2, Uint8Array);
    assertEquals(inV1, undefined);
    return;
  }
  assert(inV2 !== undefined && inV1 !== undefined);
  // 1e999 is read as Infinity, which becomes null.
  const same: PhoenixMessage = {
    ...message,
    payload: JSON.parse(JSON.stringify(payload)),
  };
  assertEquals(v2.decode(inV2), same);
  assertEquals(v1.decode(inV1), { ...same, joinRef: null });
}

/** Values in a header: mostly as they should be. */
const loose = fc.oneof(
  { weight: 3, arbitrary: name },
  ref,
  fc.constantFrom(null, "\ud800", "x".repeat(255), "x".repeat(256), 7, 1.5),
  json,
);

const looseFields = fc.tuple(
  loose,
  loose,
  loose,
  loose,
  fc.oneof(object, json),
);

const textV2 = fc.oneof(
  looseFields.map((fields) => JSON.stringify(fields)),
  fc.array(loose, { maxLength: 7 }).map((fields) => JSON.stringify(fields)),
);

const textV1 = fc.record(
  {
    join_ref: loose,
    ref: loose,
    topic: loose,
    event: loose,
    payload: fc.oneof(object, json),
  },
  { requiredKeys: ["topic", "event"] },
).map((fields) => JSON.stringify(fields));

const nonsense = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }),
  fc.array(
    fc.constantFrom(...'[]{}",:\\', "null", "1e999", '"a"', "\\u", " "),
    { maxLength: 40 },
  ).map((parts) => parts.join("")),
  fc.integer({ min: 0, max: 100_000 }).map((depth) => "[".repeat(depth)),
);

const binary = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.tuple(
    fc.constantFrom(0, 3, 4),
    fc.array(fc.nat(4), { minLength: 4, maxLength: 6 }),
    fc.oneof(blob, json.map((value) => bytes(JSON.stringify(value)))),
  ).map(([kind, lengths, rest]) => bytes(kind, ...lengths, ...rest)),
  fc.tuple(name, name, fc.nat(2), json.map((value) => JSON.stringify(value)))
    .map(([topic, event, encoding, text]) =>
      bytes(
        ...[3, 0, 0, bytes(topic).length, bytes(event).length, 0, encoding],
        topic,
        event,
        text,
      )
    ),
);

/** A frame, and what has become of it on the way. */
const spoilt = fc.tuple(
  fc.oneof(textV2, textV1).map((text) => bytes(text)),
  fc.array(
    fc.record({
      at: fc.nat(300),
      length: fc.nat(3),
      by: fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.constantFrom("[", "]", "{", "}", '"', ",", "\\", "\\ud800")
          .map((text) => bytes(text)),
      ),
    }),
    { minLength: 1, maxLength: 3 },
  ),
).map(([frame, cuts]) =>
  cuts.reduce((frame, { at, length, by }) => {
    const start = at % (frame.length + 1);
    return bytes(
      ...frame.subarray(0, start),
      ...by,
      ...frame.subarray(start + length),
    );
  }, frame)
);

const decoder = new TextDecoder();

const frames = fc.oneof(
  textV2,
  textV1,
  nonsense,
  binary,
  spoilt,
  spoilt.map((frame) => decoder.decode(frame)),
);

Deno.test("property: any frame is read or refused, and a read message can be sent", () => {
  let isRead = 0;
  let isRefused = 0;
  fc.assert(
    fc.property(frames, (frame) => {
      for (const codec of [v1, v2]) {
        const message = attempt(codec, frame);
        if (message === undefined) {
          isRefused++;
        } else {
          isRead++;
          assertCanBeTold(message);
        }
      }
    }),
    RUNS,
  );
  assert(isRead > 0 && isRefused > 0, `${isRead} ${isRefused}`);
});

Deno.test("property: a truncated frame is refused, unless the cut is in its bytes", () => {
  fc.assert(
    fc.property(
      ref,
      ref,
      name,
      name,
      blob,
      fc.nat(300),
      (joinRef, ref, topic, event, payload, cut) => {
        const join_ref = joinRef;
        const frame = phoenixSerializer().encode(
          { join_ref, ref, topic, event, payload: payload.slice().buffer },
        );
        assertInstanceOf(frame, Uint8Array);
        const header = frame.length - payload.length;
        const length = cut % (frame.length + 1);
        const message = attempt(v2, frame.subarray(0, length));
        if (length < header) {
          assertEquals(message, undefined);
        } else {
          assertEquals(message?.payload, payload.subarray(0, length - header));
        }
      },
    ),
    RUNS,
  );
});

const anyRef = fc.oneof(
  ref,
  fc.constantFrom(null, "\ud800", "x".repeat(9_999)),
);
const anyTopic = fc.oneof(name, fc.string({ maxLength: 1_000 }));

Deno.test("property: decode() finds what a reply must repeat in a frame of any content and depth", () => {
  fc.assert(
    fc.property(
      anyRef,
      anyRef,
      anyTopic,
      name,
      fc.array(json, { maxLength: 3 }),
      fc.integer({ min: 63, max: 500 }),
      (joinRef, ref, topic, event, before, depth) => {
        const deep = `${'[{"":'.repeat(depth)}0${"}]".repeat(depth)}`;
        const payload = `{"a":${JSON.stringify(before)},"b":${deep},"c":"]}"}`;
        const head = JSON.stringify([joinRef, ref, topic, event]);
        const inV2 = refusal(v2, `${head.slice(0, -1)},${payload}]`);
        assertEquals(inV2.message, TOO_DEEP);
        const known = { joinRef, ref, topic };
        assertEquals(inV2.origin, known);
        const named = JSON.stringify({ join_ref: joinRef, ref, topic, event });
        const inV1 = refusal(v1, `{"payload":${payload},${named.slice(1)}`);
        assertEquals(inV1.message, TOO_DEEP);
        assertEquals(inV1.origin, known);
      },
    ),
    RUNS,
  );
});

const TOO_DEEP = "Cannot read frame: it is nested deeper than 64 levels";
