import { HttpProblem, readBytes, type TrustGuard } from "../../http/mod.ts";
import { decodeUtf8 } from "../frames/bytes.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import { SUPABASE_PREFIX } from "../channels/join_params.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../internal.ts";
import { isDeeperThan, MAX_DEPTH } from "../frames/nesting.ts";
import { own } from "../payload.ts";
import { kindOfStatus } from "../phoenix_stats.ts";
import { Refusal, refusalOf, type RejectionKind } from "../refusal.ts";
import type { SocketBroadcast } from "../requests.ts";
import type { PhoenixSocket } from "../socket.ts";

/** What the route needs of its endpoint. */
export interface BroadcastingEndpoint {
  /** Decides which pages may ask. */
  readonly guard: TrustGuard;
  /** Bytes of a body. */
  readonly frameBytes: number;
  /**
   * Opens a socket for as long as a request takes.
   *
   * @throws {Refusal} If its sender is not let in.
   */
  open(request: Request): Promise<PhoenixSocket>;
  /**
   * Takes messages of somebody into account.
   *
   * @throws {Refusal} If they send too many.
   */
  charge(identity: PhoenixIdentity, messages: number): void;
  /** Counts what is refused. */
  refused(kind: RejectionKind): void;
  /** Told of what should not happen. */
  report(error: unknown): void;
}

/** Leads to several messages in a list. */
const LIST_PATH = /\/api\/broadcast\/?$/;

/** Leads to one message, whose payload is the whole body. */
const MESSAGE_PATH = /\/api\/broadcast\/([^/]+)\/events\/([^/]+)\/?$/;

const JSON_TYPE = "application/json";
const BYTES_TYPE = "application/octet-stream";

/** Answers a request of Supabase's clients to broadcast without a socket. */
export async function answerBroadcast(
  request: Request,
  endpoint: BroadcastingEndpoint,
): Promise<Response> {
  const { guard } = endpoint;
  const distrust = guard(request);
  if (distrust !== undefined) endpoint.refused(kindOfStatus(distrust.status));
  const response = distrust ?? guard.preflight(request) ??
    await answer(request, endpoint);
  guard.share(request, response);
  return response;
}

async function answer(
  request: Request,
  endpoint: BroadcastingEndpoint,
): Promise<Response> {
  try {
    await broadcast(request, endpoint);
    return new Response(null, { status: 202 });
  } catch (error) {
    if (error instanceof HttpProblem) {
      const isTooLarge = error.kind === "too-large";
      endpoint.refused(isTooLarge ? "too-large" : "invalid-request");
      return await told(error);
    }
    const { kind, message } = refusalOf(error);
    endpoint.refused(kind);
    if (!(error instanceof Refusal) && kind === "internal-error") {
      endpoint.report(error);
    }
    const isForbidden = kind === "unauthorized" || kind === "refused";
    const detail = /^Cannot /.test(message)
      ? message
      : `Cannot broadcast: ${message}`;
    return await told(
      new HttpProblem(isForbidden ? "forbidden" : kind, detail),
    );
  }
}

/** A problem, with the member that Supabase's clients make an error of. */
async function told(problem: HttpProblem): Promise<Response> {
  const response = problem.toResponse();
  const document = { ...await response.json(), message: problem.message };
  const { status, headers } = response;
  return new Response(JSON.stringify(document), { status, headers });
}

async function broadcast(
  request: Request,
  endpoint: BroadcastingEndpoint,
): Promise<void> {
  const { pathname } = new URL(request.url);
  const [, topic, event] = MESSAGE_PATH.exec(pathname) ?? [];
  if (topic === undefined && !LIST_PATH.test(pathname)) {
    throw new Refusal("there is no such path", "not-found");
  }
  if (request.method !== "POST") {
    throw new HttpProblem(
      "method-not-allowed",
      "Cannot broadcast: the method must be POST",
      { headers: { allow: "POST" } },
    );
  }
  const socket = await endpoint.open(request);
  try {
    // One before the body is read, which may be in vain.
    endpoint.charge(socket.identity, 1);
    const isList = topic === undefined || event === undefined;
    const body = await readBody(request, endpoint.frameBytes, isList);
    const messages = isList
      ? messagesIn(body)
      : [{ topic: topicOf(part(topic)), event: part(event), payload: body }];
    endpoint.charge(socket.identity, messages.length - 1);
    await socket.broadcast(messages);
  } finally {
    socket.lost();
  }
}

async function readBody(
  request: Request,
  maxBytes: number,
  isList: boolean,
): Promise<JsonValue | Uint8Array> {
  const header = request.headers.get("content-type") ?? JSON_TYPE;
  const type = header.split(";")[0]?.trim().toLowerCase();
  if (type !== JSON_TYPE && (isList || type !== BYTES_TYPE)) {
    const types = isList ? JSON_TYPE : `${JSON_TYPE} or ${BYTES_TYPE}`;
    throw new HttpProblem(
      "unsupported-media-type",
      `Cannot broadcast: the body must be ${types}`,
    );
  }
  const bytes = await readBytes(request, maxBytes);
  if (type === BYTES_TYPE) return bytes;
  const text = decodeUtf8(bytes);
  if (text !== undefined && isDeeperThan(text, MAX_DEPTH)) {
    throw new Refusal(`the body is nested deeper than ${MAX_DEPTH} levels`);
  }
  const value = text === undefined ? undefined : parseJson(text);
  if (value === undefined) throw new Refusal("the body is not JSON");
  return value;
}

/** Reads `{ messages: [{ topic, event, payload }, …] }`. */
function messagesIn(body: JsonValue | Uint8Array): SocketBroadcast[] {
  const messages = isObject(body) ? own(body, "messages") : undefined;
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new Refusal("messages must be a list of one or more");
  }
  return messages.map((message: JsonValue, index) => {
    const text = (name: string): string => {
      const value = isJsonObject(message) ? own(message, name) : undefined;
      if (typeof value === "string") return value;
      throw new Refusal(`messages[${index}].${name} must be a string`);
    };
    const [topic, event] = [topicOf(text("topic")), text("event")];
    const payload = isJsonObject(message) ? own(message, "payload") : undefined;
    return { topic, event, payload };
  });
}

function isObject(body: JsonValue | Uint8Array): body is JsonObject {
  return !(body instanceof Uint8Array) && isJsonObject(body);
}

/** The topic that a client means; here its name has a prefix, by a socket too. */
function topicOf(name: string): string {
  return `${SUPABASE_PREFIX}${name}`;
}

function part(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal("the path is not UTF-8");
  }
}
