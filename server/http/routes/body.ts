import { type JsonValue, parseJson, pause } from "../../internal.ts";
import {
  HttpProblem,
  type HttpProblemOptions,
  type ProblemKind,
} from "../wire/problem.ts";

/** A body that is one JSON value. */
export const JSON_TYPE = "application/json";
/** A body that is text; `sendBeacon()` sends it. */
export const TEXT_TYPE = "text/plain";
/** A body of one JSON value a line. */
export const LINES_TYPE = "application/x-ndjson";

/**
 * Reads the JSON in the body of a request. JSON lines become an array.
 *
 * @throws {HttpProblem} If the body is too large, of a wrong type or not JSON.
 */
export async function readJson(
  request: Request,
  maxBytes: number,
  types: readonly string[],
): Promise<JsonValue> {
  const text = await readText(request, maxBytes, types);
  if (typeOf(request) === JSON_TYPE) return parse(text, "the body");
  return text.split("\n").flatMap((line, index) =>
    line.trim() === "" ? [] : [parse(line, `line ${index + 1} of the body`)]
  );
}

/**
 * Reads the text in the body of a request.
 *
 * @throws {HttpProblem} If the body is too large, of a wrong type or not UTF-8.
 */
export async function readText(
  request: Request,
  maxBytes: number,
  types: readonly string[],
): Promise<string> {
  if (!types.includes(typeOf(request))) throw wrongType(types);
  const bytes = await readBytes(request, maxBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notWhole();
  }
}

/** Returns the type of a body; it is empty if the body is not plain UTF-8. */
function typeOf(request: Request): string {
  const header = request.headers.get("content-type");
  const [type = "", ...parameters] = (header ?? "").toLowerCase().split(";")
    .map((part) => part.trim());
  const charset = parameters.find((part) => part.startsWith("charset="));
  const isUtf8 = charset === undefined ||
    ["utf-8", "utf8"].includes(charset.slice(8).replaceAll('"', ""));
  const coding = request.headers.get("content-encoding") ?? "identity";
  return isUtf8 && coding.toLowerCase() === "identity" ? type : "";
}

function wrongType(types: readonly string[]): HttpProblem {
  const message = `must be ${types.join(" or ")}`;
  const reason = `it ${message}, in UTF-8 and not compressed`;
  return problem("unsupported-media-type", reason, {
    headers: { "accept-post": types.join(", ") },
    errors: [{ field: "content-type", message }],
  });
}

/** The longest time for the body of a request to arrive. */
const BODY_MS = 30_000;

/**
 * Reads the body of a request: up to a limit, which the header of its length
 * does not change, and for 30 seconds at most.
 *
 * @param request The request, with an unread body.
 * @param maxBytes The largest number of bytes.
 * @returns The body; empty if there is none.
 * @throws {HttpProblem} If the body is too large or too slow, or the client
 * leaves before its end.
 */
export async function readBytes(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length")) > maxBytes) {
    throw tooLarge(maxBytes);
  }
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const ended = new AbortController();
  const late = pause(BODY_MS, ended.signal);
  const parts: BlobPart[] = [];
  let bytes = 0;
  try {
    while (true) {
      const result = await Promise.race([reader.read(), late]);
      if (!result) {
        const reason = `it did not arrive within ${BODY_MS / 1_000} seconds`;
        // The rest of the body must not be read as the next request.
        const headers = { "connection": "close" };
        throw problem("too-slow", reason, { headers });
      }
      if (result.done) break;
      bytes += result.value.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      parts.push(result.value);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    throw notWhole();
  } finally {
    ended.abort();
    // Not awaited, since the end of a slow body may not arrive either.
    reader.cancel().catch(() => {});
  }
}

function notWhole(): HttpProblem {
  const reason = "it did not arrive whole, or is not UTF-8";
  return problem("invalid-request", reason);
}

function tooLarge(maxBytes: number): HttpProblem {
  return problem("too-large", `it has more than ${maxBytes} bytes`);
}

function parse(text: string, where: string): JsonValue {
  const value = parseJson(text);
  if (value !== undefined) return value;
  throw problem("invalid-request", `${where} is not JSON`);
}

function problem(
  kind: ProblemKind,
  reason: string,
  options?: HttpProblemOptions,
): HttpProblem {
  return new HttpProblem(kind, `Cannot read body: ${reason}`, options);
}
