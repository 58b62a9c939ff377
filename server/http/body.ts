import { HttpProblem } from "./problem.ts";

const ACTION = "read body";

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
  const isLines = readType(request) === "lines";
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

function readType(request: Request): "json" | "lines" {
  const header = request.headers.get("content-type");
  const [type = "", ...parameters] = (header ?? "").toLowerCase().split(";")
    .map((part) => part.trim());
  const charset = parameters.find((part) => part.startsWith("charset="));
  const isUtf8 = charset === undefined ||
    ["utf-8", "utf8"].includes(charset.slice(8).replaceAll('"', ""));
  const coding = request.headers.get("content-encoding") ?? "identity";
  if (isUtf8 && coding.toLowerCase() === "identity") {
    if (type === "application/json") return "json";
    if (type === "application/x-ndjson") return "lines";
  }
  throw new HttpProblem(
    "unsupported-media-type",
    `Cannot ${ACTION}: it must be application/json or application/x-ndjson, in UTF-8 and not compressed`,
    {
      headers: { "accept-post": "application/json, application/x-ndjson" },
      errors: [{
        field: "content-type",
        message: "must be application/json or application/x-ndjson",
      }],
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
