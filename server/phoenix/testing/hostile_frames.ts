/**
 * Frames of malicious and of broken clients.
 *
 * @module
 */

import fc from "fast-check";
import { json, name, object } from "./arbitraries.ts";
import { bytes } from "./codecs.ts";

/** The topics of those who mean well. */
export const TOPICS = ["room", "realtime:room"] as const;

/** Frames that are longer are refused. */
export const FRAME_BYTES = 8_192;

const topic = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...TOPICS) },
  fc.constantFrom("phoenix", "", "other", "realtime:", "x".repeat(256)),
  name,
);

const event = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("phx_join", "presence", "wave") },
  fc.constantFrom("phx_leave", "broadcast", "access_token", "heartbeat"),
  fc.constantFrom("phx_reply", "phx_close", "phx_error", "phx_"),
  fc.constantFrom("presence_state", "presence_diff", "presence_x"),
  fc.constantFrom("system", "postgres_changes", "chan_reply_1", "__proto__"),
  // Older clients don't mind the case.
  fc.mixedCase(
    fc.constantFrom(
      "phx_join",
      "phx_close",
      "presence_state",
      "presence_diff",
      "presence",
      "broadcast",
      "system",
    ),
  ),
  name,
);

const ref = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("1", "2", "3", null, 1) },
  name,
  json,
);

/** Mostly that of the join, or what it is for is not even looked at. */
const joinRef = fc.oneof({ weight: 4, arbitrary: fc.constant("1") }, ref);

const key = fc.oneof(
  fc.constantFrom("good", "eve", "", "__proto__", "constructor", "\ud800"),
  json,
);

const visibility = fc.oneof(
  { weight: 4, arbitrary: fc.constant("public") },
  fc.constantFrom("public", "private", { restricted: "team" }),
  json,
);

const config = fc.oneof(
  fc.record({
    presence: fc.record({ key, enabled: fc.oneof(fc.boolean(), json) }, {
      requiredKeys: [],
    }),
    broadcast: fc.record({ self: fc.oneof(fc.boolean(), json) }),
  }, { requiredKeys: [] }),
  json,
);

const payload = fc.oneof(
  fc.record({ key, meta: json, visibility, config }, { requiredKeys: [] }),
  fc.record({
    type: fc.constant("presence"),
    event: fc.oneof(fc.constantFrom("track", "untrack", "sync"), json),
    payload: fc.oneof(object, json, fc.record({ phx_ref: json, sender: json })),
    visibility,
  }, { requiredKeys: ["event"] }),
  fc.record({
    type: fc.constant("broadcast"),
    event: fc.oneof(fc.constant("wave"), json),
    payload: json,
    sender: json,
    ids: json,
  }, { requiredKeys: ["event"] }),
  fc.record({ joins: object, leaves: object, status: json, response: json }),
  fc.record({ good: fc.constant({ metas: [{ phx_ref: "x" }] }) }),
  fc.record({ access_token: fc.oneof(fc.string(), json) }),
  object,
  json,
);

/** A message that seems right at first sight. */
const text = fc.tuple(joinRef, ref, topic, event, payload)
  .map((frame) => JSON.stringify(frame));

/** The same in version 1. */
const oldText = fc.record(
  { join_ref: joinRef, ref, topic, event, payload },
  { requiredKeys: ["topic", "event", "payload"] },
).map((frame) => JSON.stringify(frame));

const lengthOf = (part: string) => new TextEncoder().encode(part).length;

/** A name that fits into a binary frame, mostly a sensible one. */
const short = (...good: string[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...good) },
    name.filter((part) => lengthOf(part) < 256),
  );

/** A binary push, of Phoenix or Supabase. */
const binary = fc.tuple(
  fc.constantFrom(0, 3),
  fc.tuple(short("1", ""), short("2", ""), short(...TOPICS), short("wave")),
  fc.constantFrom("", "{}", '{"ids":[]}', "["),
  fc.oneof(
    fc.uint8Array({ maxLength: 20 }).map((blob) => [...blob]),
    json.map((value) => [JSON.stringify(value)]),
  ),
  fc.constantFrom(0, 1, 2),
).map(([kind, names, metadata, rest, encoding]) => {
  const lengths = names.map(lengthOf);
  return kind === 0 ? bytes(0, ...lengths, ...names, ...rest) : bytes(
    3,
    ...lengths,
    metadata.length,
    encoding,
    ...names,
    metadata,
    ...rest,
  );
});

/** A text with some characters changed, lost or doubled. */
const mutated = fc.tuple(
  fc.oneof(text, oldText),
  fc.array(
    fc.tuple(
      fc.nat(),
      fc.constantFrom(
        "",
        '"',
        "[",
        "]",
        "{",
        "}",
        ",",
        "\\",
        "1e999",
        "\u0000",
      ),
      fc.nat({ max: 3 }),
    ),
    { minLength: 1, maxLength: 4 },
  ),
).map(([text, edits]) =>
  edits.reduce((text, [place, put, lost]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + lost);
  }, text)
);

const torn = fc.tuple(binary, fc.nat(), fc.nat({ max: 255 }))
  .map(([frame, place, byte]) => {
    const at = place % (frame.length + 1);
    const changed = frame.slice();
    changed[at] = byte;
    return byte % 2 === 0 ? frame.slice(0, at) : changed;
  });

const deep = fc.tuple(fc.integer({ min: 1, max: 2_000 }), topic, event)
  .map(([depth, topic, event]) => {
    const value = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const head = JSON.stringify(["1", "2", topic, event]).slice(0, -1);
    return `${head},{"event":"track","payload":{"a":${value}}}]`;
  });

const huge = fc.tuple(fc.integer({ min: 4_000, max: 12_000 }), topic, event)
  .map(([length, topic, event]) =>
    JSON.stringify(["1", "2", topic, event, { text: "x".repeat(length) }])
  );

/** Anything. */
export const hostileFrame: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 40, arbitrary: text },
  { weight: 12, arbitrary: binary },
  { weight: 3, arbitrary: oldText },
  { weight: 2, arbitrary: mutated },
  torn,
  deep,
  huge,
  json.map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 60 }),
);
