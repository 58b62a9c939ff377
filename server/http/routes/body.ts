import { type JsonValue, parseJson } from "../../internal.ts";
import {
  HttpProblem,
  type HttpProblemOptions,
  type ProblemKind,
} from "../wire/problem.ts";

/** A body that is one JSON value. */
export const JSON_TYPE = "application/json";
/** A body of JSON values, one a line. */
export const LINES_TYPE = "application/x-ndjson";

/**
 * Reads the JSON in the body of a request; what comes one a line becomes an
 * array.
 *
 * @throws {HttpProblem} If the body is too large, of a wrong type, or not JSON.
 */
export async function readJson(
  request: Request,
  maxBytes: number,
  types: readonly string[],
): Promise<JsonValue> {
  const type = typeOf(request);
  if (!types.includes(type)) throw wrongType(types);
  const text = await readText(request, maxBytes);
  if (type === JSON_TYPE) return parse(text, "the body");
  return text.split("\n").flatMap((line, index) =>
    line.trim() === "" ? [] : [parse(line, `line ${index + 1} of the body`)]
  );
}

/** The type of a body in UTF-8 that is not compressed; else it is empty. */
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
  const choice = types.join(" or ");
  return problem(
    "unsupported-media-type",
    `it must be ${choice}, in UTF-8 and not compressed`,
    {
      headers: { "accept-post": types.join(", ") },
      errors: [{ field: "content-type", message: `must be ${choice}` }],
    },
  );
}

/** How long the body of a request may take to arrive. */
const BODY_MS = 30_000;

/**
 * Reads the body of a request: no further than a limit, whatever the request
 * says of its length, and no longer than 30 seconds.
 *
 * @param request The request, whose body nobody has read.
 * @param maxBytes How many bytes the body may have.
 * @returns The body; without bytes if there is none.
 * @throws {HttpProblem} If the body is too large or too slow, or the client goes
 * away in the middle of it.
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
  // Node 20 has no Promise.withResolvers().
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), BODY_MS);
  });
  const parts: BlobPart[] = [];
  let bytes = 0;
  try {
    while (true) {
      const result = await Promise.race([reader.read(), late]);
      if (result === undefined) throw tooSlow();
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
    clearTimeout(timer);
    // Not awaited: a body that does not arrive may not end either.
    reader.cancel().catch(() => {});
  }
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const bytes = await readBytes(request, maxBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notWhole();
  }
}

function tooSlow(): HttpProblem {
  const reason = `it did not arrive within ${BODY_MS / 1_000} seconds`;
  // What has not arrived yet must not be taken for the next request.
  return problem("too-slow", reason, { headers: { "connection": "close" } });
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
