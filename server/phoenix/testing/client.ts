import { assert, assertEquals } from "@std/assert";
import { within } from "../../testing/waiting.ts";
import {
  fromWireMeta,
  type JsonValue,
  listMirror,
  type PresenceMirror,
  syncDiff,
  syncState,
  type TopicEntry,
  type WireDiff,
  type WireState,
} from "../../topics/mod.ts";
import { isJsonObject, type JsonObject } from "../../internal.ts";
import type { Ref } from "../frames/message.ts";
import { Inbox } from "./inbox.ts";

/** A frame in tests: `[join_ref, ref, topic, event, payload]`. */
export type Frame = readonly [
  joinRef: Ref | null,
  ref: Ref | null,
  topic: string,
  event: string,
  payload: JsonObject,
];

/** How a client connects. */
export interface ClientOptions {
  /** The query of its URL. */
  readonly query?: string;
  /** The subprotocols that it offers. */
  readonly protocols?: readonly string[];
}

/** A close as the client sees it. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/**
 * A client that sends and gets frames, and does nothing else. In what it
 * gets, each `phx_ref` is renamed: the first it learns of to `#1`, the next to
 * `#2`, so that tests can tell whole frames.
 */
export class Client implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #inbox = new Inbox<Frame | Uint8Array>();
  readonly #names = new Map<string, string>();
  readonly #joinRefs = new Map<string, string>();
  readonly #closed = Promise.withResolvers<Closing>();
  #ref = 0;

  /** Connects a client to a service, and waits until it is open. */
  static async connect(
    { url }: { readonly url: string },
    { query = "vsn=2.0.0", protocols = [] }: ClientOptions = {},
  ): Promise<Client> {
    const socket = new WebSocket(`${url}/websocket?${query}`, [...protocols]);
    const client = new Client(socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
    });
    await within(opened, () => "The socket does not open");
    return client;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      for (const frame of this.#read(data)) this.#inbox.put(frame);
    };
    socket.onclose = ({ code, reason }) =>
      this.#closed.resolve({ code, reason });
  }

  /** The subprotocol that the server has chosen. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** Whether it can send. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  // Out

  /** Sends a frame: an array as JSON, a text and bytes as they are. */
  send(frame: readonly unknown[] | string | Uint8Array): void {
    if (typeof frame === "string") this.#socket.send(frame);
    else if (frame instanceof Uint8Array) this.#socket.send(frame.slice());
    else this.#socket.send(JSON.stringify(frame));
  }

  /** Sends a message of the join of its topic, and returns its ref. */
  push(topic: string, event: string, payload: unknown = {}): string {
    const ref = String(++this.#ref);
    this.send([this.#joinRefs.get(topic) ?? null, ref, topic, event, payload]);
    return ref;
  }

  /** Sends a message, and returns what the reply says. */
  async call(
    topic: string,
    event: string,
    payload: unknown = {},
  ): Promise<JsonObject> {
    return (await this.reply(this.push(topic, event, payload)))[4];
  }

  /** Asks to join a topic, and returns the join ref. */
  ask(topic: string, params: unknown = {}): string {
    const ref = String(++this.#ref);
    this.#joinRefs.set(topic, ref);
    this.send([ref, ref, topic, "phx_join", params]);
    return ref;
  }

  /** Joins a topic, and returns the response. */
  async join(topic: string, params: unknown = {}): Promise<JsonObject> {
    const [, , , , payload] = await this.reply(this.ask(topic, params));
    const { status, response } = payload;
    assertEquals(status, "ok", JSON.stringify(response));
    assert(isJsonObject(response));
    return response;
  }

  /** Joins a topic, and returns the reason why it may not. */
  async refusedJoin(topic: string, params: unknown = {}): Promise<JsonValue> {
    const [, , , , payload] = await this.reply(this.ask(topic, params));
    return refusalIn(payload);
  }

  /** Sends a message, and returns the reason why it is refused. */
  async refused(
    topic: string,
    event: string,
    payload: unknown = {},
  ): Promise<JsonValue> {
    return refusalIn(await this.call(topic, event, payload));
  }

  /** Sends a message, which is to be done. */
  async done(
    topic: string,
    event: string,
    payload: unknown = {},
  ): Promise<void> {
    assertEquals(await this.call(topic, event, payload), {
      status: "ok",
      response: {},
    });
  }

  /** Tracks its presence with a meta. */
  track(topic: string, meta: unknown, fields: object = {}): Promise<void> {
    const payload = { type: "presence", event: "track", payload: meta };
    return this.done(topic, "presence", { ...payload, ...fields });
  }

  /** Ends its presence. */
  untrack(topic: string): Promise<void> {
    return this.done(topic, "presence", { type: "presence", event: "untrack" });
  }

  // In

  /** The next frame. */
  async next(): Promise<Frame> {
    const frame = this.#inbox.skipTo(() => true);
    return text(await this.#arrival(frame, "any frame"));
  }

  /** The next frame of bytes; those before it are dropped. */
  async bytes(): Promise<Uint8Array> {
    const bytes = this.#inbox.skipTo((frame) => frame instanceof Uint8Array);
    const frame = await this.#arrival(bytes, "a frame of bytes");
    assert(frame instanceof Uint8Array);
    return frame;
  }

  /** The next frame of an event; those before it are dropped. */
  async event(event: string): Promise<Frame> {
    const frame = this.#inbox.skipTo((frame) =>
      !(frame instanceof Uint8Array) && frame[3] === event
    );
    return text(await this.#arrival(frame, `a frame of ${event}`));
  }

  /** The reply to a message; frames before it are kept. */
  async reply(ref: string): Promise<Frame> {
    const frame = this.#inbox.pick((frame) =>
      !(frame instanceof Uint8Array) && frame[1] === ref &&
      frame[3] === "phx_reply"
    );
    return text(await this.#arrival(frame, `the reply to ${ref}`));
  }

  /** All frames that the server has sent until now. */
  async rest(): Promise<(Frame | Uint8Array)[]> {
    // Frames come in order: with its reply, all that was sent before is here.
    assertEquals(await this.call("phoenix", "heartbeat"), {
      status: "ok",
      response: {},
    });
    return this.#inbox.takeAll();
  }

  /** How the socket was closed. */
  closed(): Promise<Closing> {
    return within(this.#closed.promise, () => "The socket does not close");
  }

  /** Closes the socket as a browser does, and waits until that is done. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.closed();
  }

  /** Goes away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #arrival<T>(frame: Promise<T>, what: string): Promise<T> {
    return within(
      frame,
      () => `There is not ${what} in ${JSON.stringify(this.#inbox.takeAll())}`,
    );
  }

  /** Returns the frames that have arrived: one, or all of a bundle. */
  #read(data: string | ArrayBuffer): readonly (Frame | Uint8Array)[] {
    if (typeof data !== "string") return [new Uint8Array(data)];
    const frame: unknown = JSON.parse(
      data,
      (name, value) =>
        name.startsWith("phx_ref") && typeof value === "string"
          ? this.#nameOf(value)
          : value,
    );
    const all: unknown[] = data.startsWith("[[") && Array.isArray(frame)
      ? frame
      : [frame];
    assert(all.every(isFrame), `no frame: ${data}`);
    return all;
  }

  #nameOf(ref: string): string {
    const name = this.#names.get(ref) ?? `#${this.#names.size + 1}`;
    this.#names.set(ref, name);
    return name;
  }
}

/** The view of a topic that a client builds from presence frames. */
export class Screen {
  readonly #topic: string;
  readonly #mirror: PresenceMirror = new Map();

  /** Makes the screen of a topic. */
  constructor(topic: string) {
    this.#topic = topic;
  }

  /** Takes frames in, of which those of others pass by. */
  show(frames: readonly (Frame | Uint8Array)[]): this {
    for (const frame of frames) {
      if (frame instanceof Uint8Array) continue;
      const [, , topic, event, payload] = frame;
      if (topic !== this.#topic) continue;
      if (event === "presence_state" && isState(payload)) {
        syncState(this.#mirror, payload);
      } else if (event === "presence_diff" && isDiff(payload)) {
        syncDiff(this.#mirror, payload);
      }
    }
    return this;
  }

  /** Who is there, like `list` of phoenix.js. */
  list(): TopicEntry[] {
    return listMirror(this.#mirror)
      .map(([key, { metas }]) => ({ key, metas: metas.map(fromWireMeta) }));
  }
}

/** The payload of `presence_diff`. */
export function diffOf(frame: Frame | Uint8Array | undefined): WireDiff {
  assert(frame !== undefined && !(frame instanceof Uint8Array));
  const [, , , event, payload] = frame;
  assertEquals(event, "presence_diff");
  assert(isDiff(payload));
  return payload;
}

/** Tells whether a value is a frame of version 2, from the server. */
export function isFrame(value: unknown): value is Frame {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [joinRef, ref, topic, event, payload] = value;
  const isRef = (ref: unknown) =>
    ref === null || typeof ref === "string" || Number.isInteger(ref);
  return isRef(joinRef) && isRef(ref) && typeof topic === "string" &&
    typeof event === "string" && isJsonObject(payload);
}

// The mirror itself looks at what is in them.
function isState(payload: unknown): payload is WireState {
  return typeof payload === "object";
}

function isDiff(payload: JsonObject): payload is JsonObject & WireDiff {
  return isJsonObject(payload.joins) && isJsonObject(payload.leaves);
}

function text(frame: Frame | Uint8Array): Frame {
  assert(!(frame instanceof Uint8Array), "it is a frame of bytes");
  return frame;
}

function refusalIn({ status, response }: JsonObject): JsonValue {
  assertEquals(status, "error");
  assert(isJsonObject(response));
  return response.reason ?? null;
}
