import { assertEquals } from "@std/assert";
import { isKey, type Key } from "../../../core/mod.ts";
import type { HttpHandler, Identity } from "../mod.ts";
import { type SseBlock, SseParser } from "../../client/http/sse_parser.ts";

/** Sends a request to a handler. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** Returns a function that sends requests to a handler in the same process. */
export function sendTo(handler: HttpHandler): Send {
  return (path, init) => handler(new Request(`http://localhost${path}`, init));
}

/** Creates a request that publishes. */
export function posting(
  body: unknown,
  headers: Record<string, string> = {},
): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

/** Creates an update with all required fields, as a client sends it. */
export function sent(
  fields: Record<string, unknown> = {},
): Record<string, unknown> {
  return { subject: "alice", context: "doc-1", ttlMs: 30_000, ...fields };
}

/** Reads the JSON object of a response. */
export async function read(
  response: Response,
  status = 200,
): Promise<Record<string, unknown>> {
  const text = await response.text();
  assertEquals(response.status, status, text);
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new TypeError(`No object: ${text}`);
  return value;
}

/** Returns the faulty fields of a problem document. */
export async function blamed(
  response: Response,
  status: number,
): Promise<unknown[]> {
  assertEquals(
    response.headers.get("content-type"),
    "application/problem+json",
  );
  const { errors, status: inBody } = await read(response, status);
  assertEquals(inBody, status);
  return records(errors ?? []).map(({ field }) => field);
}

/** Checks that a JSON value is a list of objects. */
export function records(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw new TypeError(`No list of objects: ${JSON.stringify(value)}`);
}

/** Reports whether a JSON value is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Creates an identity that may see and do everything, except as given. */
export function identity(fields: Partial<Identity> = {}): Identity {
  return {
    origin: "session",
    viewer: { restricted: [], private: false },
    canRead: () => true,
    canWrite: () => true,
    ...fields,
  };
}

/** Returns an `authorize` that finds identities by the name in a cookie. */
export function byCookie(
  identities: Readonly<Record<string, Identity>>,
): (request: Request) => Identity | undefined {
  return (request) => {
    const cookie = request.headers.get("cookie") ?? "";
    const name = /(?:^|; )user=(\w+)/.exec(cookie)?.[1];
    return name === undefined ? undefined : identities[name];
  };
}

/** Returns a function that reports whether a context is one of some. */
export function oneOf(...contexts: string[]): (context: Key) => boolean {
  return (context) => isKey(context) && contexts.includes(String(context));
}

/** Reads the blocks of an event stream, one by one. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #parser = new SseParser();
  readonly #decoder = new TextDecoder();
  readonly #blocks: SseBlock[] = [];

  constructor(response: Response) {
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    if (response.body === null) throw new TypeError("There is no body");
    this.#reader = response.body.getReader();
  }

  /** Returns the next block after the opening one; `undefined` at the end. */
  async next(): Promise<SseBlock | undefined> {
    while (true) {
      const block = this.#blocks.shift();
      if (block !== undefined && block.retryMs === undefined) return block;
      if (block !== undefined) continue;
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      const text = this.#decoder.decode(value, { stream: true });
      this.#blocks.push(...this.#parser.push(text));
    }
  }

  /** Returns the data of the next event. */
  async data(): Promise<Record<string, unknown>> {
    const data: unknown = JSON.parse((await this.next())?.data ?? "null");
    if (!isRecord(data)) throw new TypeError("There is no event");
    return data;
  }

  /** Cancels the stream. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
