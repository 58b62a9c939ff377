import { HttpProblem, readBytes } from "../../http/mod.ts";
import { isJsonObject, type JsonValue, parseJson } from "../../internal.ts";
import { SUPABASE_PREFIX } from "../channels/join_params.ts";
import { decodeUtf8 } from "../frames/bytes.ts";
import { isDeeperThan, MAX_DEPTH } from "../frames/nesting.ts";
import { own } from "../payload.ts";
import { Refusal, refusalOf, type RejectionKind } from "../refusal.ts";
import type { SocketBroadcast } from "../requests.ts";

/** The path of several messages in a list. */
const LIST_PATH = /\/api\/broadcast\/?$/;

/** The path of one message, whose payload is the whole body. */
const MESSAGE_PATH = /\/api\/broadcast\/([^/]+)\/events\/([^/]+)\/?$/;

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

/** The topic and the event in a path, still encoded; `undefined` for a list. */
export type MessagePath = Omit<SocketBroadcast, "payload"> | undefined;

/**
 * Reads the path of a request of Supabase's clients to broadcast without a
 * socket.
 *
 * @throws {Refusal} If there is no such path.
 * @throws {HttpProblem} If the method is not POST.
 */
export function pathOf({ method, url }: Request): MessagePath {
  const { pathname } = new URL(url);
  const [, topic, event] = MESSAGE_PATH.exec(pathname) ?? [];
  if (topic === undefined && !LIST_PATH.test(pathname)) {
    throw new Refusal("there is no such path", "not-found");
  }
  if (method !== "POST") {
    throw new HttpProblem(
      "method-not-allowed",
      "Cannot broadcast: the method must be POST",
      { headers: { allow: "POST" } },
    );
  }
  return topic === undefined || event === undefined
    ? undefined
    : { topic, event };
}

/**
 * Reads the messages of such a request.
 *
 * @param path Its path.
 * @param maxBytes How many bytes the body may have.
 * @throws {Refusal} If the body is not valid.
 * @throws {HttpProblem} If it is of a wrong type, too large or too slow.
 */
export async function readMessages(
  request: Request,
  path: MessagePath,
  maxBytes: number,
): Promise<SocketBroadcast[]> {
  const isBytes = isOfBytes(request, path);
  const bytes = await readBytes(request, maxBytes);
  if (path === undefined) return messagesIn(jsonOf(bytes));
  const payload = isBytes ? bytes : jsonOf(bytes);
  const topic = topicOf(decode(path.topic));
  return [{ topic, event: decode(path.event), payload }];
}

/** Turns an error of such a request into the response, and names its kind. */
export async function problemOf(
  error: unknown,
): Promise<{ readonly kind: RejectionKind; readonly response: Response }> {
  if (error instanceof HttpProblem) {
    const kind = error.kind === "too-large" ? "too-large" : "invalid-request";
    return { kind, response: await responseOf(error) };
  }
  const { kind, message } = refusalOf(error);
  const isForbidden = kind === "unauthorized" || kind === "refused";
  const detail = message.startsWith("Cannot ")
    ? message
    : `Cannot broadcast: ${message}`;
  const problem = new HttpProblem(isForbidden ? "forbidden" : kind, detail);
  return { kind, response: await responseOf(problem) };
}

/** Supabase's clients make an error of the member `message`. */
async function responseOf(problem: HttpProblem): Promise<Response> {
  const response = problem.toResponse();
  const document = { ...await response.json(), message: problem.message };
  const { status, headers } = response;
  return new Response(JSON.stringify(document), { status, headers });
}

function isOfBytes(request: Request, path: MessagePath): boolean {
  const header = request.headers.get("content-type") ?? JSON_TYPE;
  const type = header.split(";")[0]?.trim().toLowerCase();
  if (type === JSON_TYPE) return false;
  if (type === BYTES_TYPE && path !== undefined) return true;
  const types = path === undefined
    ? JSON_TYPE
    : `${JSON_TYPE} or ${BYTES_TYPE}`;
  throw new HttpProblem(
    "unsupported-media-type",
    `Cannot broadcast: the body must be ${types}`,
  );
}

function jsonOf(bytes: Uint8Array): JsonValue {
  const text = decodeUtf8(bytes) ?? "";
  if (isDeeperThan(text, MAX_DEPTH)) {
    throw new Refusal(`the body is nested deeper than ${MAX_DEPTH} levels`);
  }
  const value = parseJson(text);
  if (value === undefined) throw new Refusal("the body is not JSON");
  return value;
}

/** Reads `{ messages: [{ topic, event, payload }, …] }`. */
function messagesIn(body: JsonValue): SocketBroadcast[] {
  const messages = isJsonObject(body) ? own(body, "messages") : undefined;
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new Refusal("messages must be a list of one or more");
  }
  return messages.map((message: JsonValue, index) => {
    const fields = isJsonObject(message) ? message : {};
    const text = (name: string): string => {
      const value = own(fields, name);
      if (typeof value === "string") return value;
      throw new Refusal(`messages[${index}].${name} must be a string`);
    };
    const [topic, event] = [topicOf(text("topic")), text("event")];
    return { topic, event, payload: own(fields, "payload") };
  });
}

/** The topic that a client means: here, and by a socket, its name has a prefix. */
function topicOf(name: string): string {
  return `${SUPABASE_PREFIX}${name}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal("the path is not UTF-8");
  }
}
