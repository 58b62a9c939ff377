/** A block of an event stream. */
export interface SseBlock {
  /** The name of the event. */
  readonly event?: string | undefined;
  /** The data; without it, the block is not an event. */
  readonly data?: string | undefined;
  /** The new position. */
  readonly id?: string | undefined;
  /** The new pause before a reconnect, in milliseconds. */
  readonly retryMs?: number | undefined;
}

/**
 * Parses a `text/event-stream` as it arrives, however it is cut into pieces.
 * Unlike `EventSource` it also returns blocks that are not events: an `id` alone
 * moves the position, and a comment is a sign of life.
 *
 * @example Usage
 * ```ts
 * import { SseParser } from "./sse_parser.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const parser = new SseParser();
 * assertEquals(parser.push("event: change\nda"), []);
 * assertEquals(parser.push("ta: {}\nid: 7\n\n"), [
 *   { event: "change", data: "{}", id: "7" },
 * ]);
 * ```
 */
export class SseParser {
  /** The pieces of the current line. */
  #line: string[] = [];
  #data: string[] = [];
  #fields: { event?: string; id?: string; retryMs?: number } = {};
  #hasFields = false;
  #endedWithCr = false;
  #begun = false;

  /** Adds text, and returns the blocks that it completes. */
  push(text: string): SseBlock[] {
    const blocks: SseBlock[] = [];
    let from = 0;
    if (text === "") return blocks;
    if (!this.#begun) {
      this.#begun = true;
      if (text.startsWith("\uFEFF")) from = 1;
    }
    // A piece may end between the CR and the LF of a line end.
    if (this.#endedWithCr && text[from] === "\n") from++;
    this.#endedWithCr = text.endsWith("\r");
    for (const { 0: mark, index: end } of text.matchAll(/\r\n|\n|\r/g)) {
      if (end < from) continue;
      this.#line.push(text.slice(from, end));
      const line = this.#line.join("");
      this.#line = [];
      const block = this.#takeLine(line);
      if (block !== undefined) blocks.push(block);
      from = end + mark.length;
    }
    if (from < text.length) this.#line.push(text.slice(from));
    return blocks;
  }

  #takeLine(line: string): SseBlock | undefined {
    if (line === "") return this.#takeBlock();
    this.#hasFields = true;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const rest = colon < 0 ? "" : line.slice(colon + 1);
    const value = rest.startsWith(" ") ? rest.slice(1) : rest;
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#fields.event = value;
    else if (name === "id" && !value.includes("\0")) this.#fields.id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) {
      this.#fields.retryMs = Number(value);
    }
    return undefined;
  }

  #takeBlock(): SseBlock | undefined {
    if (!this.#hasFields) return undefined;
    const data = this.#data.length > 0
      ? { data: this.#data.join("\n") }
      : undefined;
    const block = { ...this.#fields, ...data };
    this.#data = [];
    this.#fields = {};
    this.#hasFields = false;
    return block;
  }
}
