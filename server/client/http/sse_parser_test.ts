import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type SseBlock, SseParser } from "./sse_parser.ts";

function parse(...chunks: string[]): SseBlock[] {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
}

Deno.test("SseParser.push() reads events with all fields", () => {
  assertEquals(parse("event: change\ndata: {}\nid: 7\nretry: 500\n\n"), [
    { event: "change", data: "{}", id: "7", retryMs: 500 },
  ]);
});

Deno.test("SseParser.push() joins lines of data", () => {
  assertEquals(parse("data: a\ndata\ndata:  b\n\n"), [{ data: "a\n\n b" }]);
});

Deno.test("SseParser.push() returns blocks that are not events", () => {
  assertEquals(parse("id: 7\n\n", ": comment\n\n", "\n\n"), [{ id: "7" }, {}]);
});

Deno.test("SseParser.push() accepts all line ends, in pieces too", () => {
  const block = { event: "change", data: "1" };
  assertEquals(parse("event: change\r\ndata: 1\r\n\r\n"), [block]);
  assertEquals(parse("event: change\rdata: 1\r\r"), [block]);
  assertEquals(
    parse("event: change\r", "\ndata: 1", "\r", "\n\r", "\n", "data: 2\n\n"),
    [block, { data: "2" }],
  );
});

Deno.test("SseParser.push() skips a byte order mark", () => {
  assertEquals(parse("\uFEFFdata: 1\n\n"), [{ data: "1" }]);
  assertEquals(parse("", "\uFEFF", "data: 1\n\n"), [{ data: "1" }]);
  assertEquals(parse("data: \uFEFF1\n\n"), [{ data: "\uFEFF1" }]);
});

Deno.test("SseParser.push() ignores unknown and invalid fields", () => {
  assertEquals(parse("id: a\0b\nretry: soon\nother: x\ndata:1\n\n"), [
    { data: "1" },
  ]);
  assertEquals(parse("data: never ends\n"), []);
});

Deno.test("property: SseParser.push() returns the same for all pieces of a text", () => {
  const line = fc.constantFrom(
    "data: a",
    "data:b",
    "data",
    "id: 1",
    "id",
    "event: x",
    "retry: 9",
    ": note",
    "",
    "",
    "é: 😀",
  );
  const end = fc.constantFrom("\n", "\r\n", "\r");
  const text = fc.array(fc.tuple(line, end)).map((lines) =>
    lines.map((parts) => parts.join("")).join("")
  );
  fc.assert(
    fc.property(text, fc.array(fc.nat(200)), (text, cuts) => {
      // A lone CR before the cut and an LF after it are one line end.
      const whole = parse(text);
      const at = [0, ...cuts.filter((cut) => cut < text.length), text.length]
        .sort((a, b) => a - b);
      const pieces = at.slice(1).map((to, index) => text.slice(at[index], to));
      assertEquals(parse(...pieces), whole);
    }),
  );
});
