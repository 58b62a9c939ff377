import fc from "fast-check";
import type { JsonObject, JsonValue } from "../../internal.ts";

/** How often a property is tried. */
export const RUNS = { numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) };

/** A client drops a byte order mark when it reads bytes as UTF-8. */
function startsPlainly(text: string): boolean {
  return !text.startsWith("\uFEFF");
}

/** A name that a client reads as it was written. */
export const name = fc.oneof(
  fc.constantFrom("room:1", "phoenix", "phx_join", "broadcast", "__proto__"),
  fc.string({ unit: "binary", maxLength: 63 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
).filter(startsPlainly);

/** Names as long as they may be, too. */
export const topic = fc.oneof(
  name,
  fc.constantFrom("x".repeat(255), "€".repeat(85)),
);

/** A ref that has a place in binary frames too. */
export const ref = fc.oneof(
  fc.nat().map(String),
  fc.string({ unit: "binary", minLength: 1, maxLength: 63 })
    .filter(startsPlainly),
);

/** Any value; no `-0`, which JSON does not keep. */
export const json: fc.Arbitrary<JsonValue> =
  fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, false, 0, "", "\ud800"),
      fc.double({ noNaN: true, noDefaultInfinity: true })
        .map((number) => number + 0),
      fc.string({ unit: "binary" }),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(name, fc.constant("__proto__")),
        tie("value"),
        { maxKeys: 3, noNullPrototype: true },
      ),
    ),
  })).value;

/** A payload. */
export const object: fc.Arbitrary<JsonObject> = fc.dictionary(
  fc.oneof(name, fc.constantFrom("event", "type", "payload")),
  json,
  { maxKeys: 4, noNullPrototype: true },
);

/** Bytes. */
export const blob = fc.uint8Array({ maxLength: 40 });
