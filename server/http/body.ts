import { HttpProblem } from "./problem.ts";

const ACTION = "read body";

const JSON_TYPE = "application/json";
const LINES_TYPE = "application/x-ndjson";

/**
 * Reads the updates in the body of a request: one, an array of them, or one a
 * line.
 *
 * @throws {HttpProblem} If the body is too large, of a wrong type, or not JSON.
 */
export async function readUpdates(
  request: Request,
  maxBytes: number,
): Promise<{ readonly values: unknown[]; readonly isList: boolean }> {
  const type = typeOf(request);
  const isLines = type === LINES_TYPE;
  if (!isLines && type !== JSON_TYPE) {
    throw wrongType([JSON_TYPE, LINES_TYPE]);
  }
  const text = await readText(request, maxBytes);
  if (isLines) {
    const lines = text.split("\n");
    const values: unknown[] = [];
    for (const [index, line] of lines.entries()) {
      if (line.trim() === "") continue;
      values.push(parse(line, `line ${index + 1} of the body`));
    }
    return { values, isList: true };
  }
  const value = parse(text, "the body");
  return Array.isArray(value)
    ? { values: value, isList: true }
    : { values: [value], isList: false };
}

/**
 * Reads the body of a request that is one value.
 *
 * @throws {HttpProblem} If the body is too large, of a wrong type, or not JSON.
 */
export async function readValue(
  request: Request,
  maxBytes: number,
): Promise<unknown> {
  if (typeOf(request) !== JSON_TYPE) throw wrongType([JSON_TYPE]);
  return parse(await readText(request, maxBytes), "the body");
}

/** The type of a body in UTF-8 that is not compressed. */
function typeOf(request: Request): string | undefined {
  const header = request.headers.get("content-type");
  const [type = "", ...parameters] = (header ?? "").toLowerCase().split(";")
    .map((part) => part.trim());
  const charset = parameters.find((part) => part.startsWith("charset="));
  const isUtf8 = charset === undefined ||
    ["utf-8", "utf8"].includes(charset.slice(8).replaceAll('"', ""));
  const coding = request.headers.get("content-encoding") ?? "identity";
  return isUtf8 && coding.toLowerCase() === "identity" ? type : undefined;
}

function wrongType(types: readonly string[]): HttpProblem {
  const choice = types.join(" or ");
  return new HttpProblem(
    "unsupported-media-type",
    `Cannot ${ACTION}: it must be ${choice}, in UTF-8 and not compressed`,
    {
      headers: { "accept-post": types.join(", ") },
      errors: [{ field: "content-type", message: `must be ${choice}` }],
    },
  );
}

/** Reads no further than the limit, whatever the request says of its length. */
async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get("content-length")) > maxBytes) {
    throw tooLarge(maxBytes);
  }
  const reader = request.body?.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.byteLength;
      if (bytes > maxBytes) break;
      text += decoder.decode(value, { stream: true });
    }
    if (bytes <= maxBytes) return text + decoder.decode();
  } catch {
    // Not UTF-8, or the client has gone away in the middle of it.
    await reader?.cancel().catch(() => {});
    throw new HttpProblem(
      "invalid-request",
      `Cannot ${ACTION}: it did not arrive whole, or is not UTF-8`,
    );
  }
  await reader?.cancel().catch(() => {});
  throw tooLarge(maxBytes);
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(
    "too-large",
    `Cannot ${ACTION}: it has more than ${maxBytes} bytes`,
  );
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpProblem(
      "invalid-request",
      `Cannot ${ACTION}: ${where} is not JSON`,
    );
  }
}
