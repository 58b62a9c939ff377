import { assert, assertEquals } from "@std/assert";
// @ts-types="npm:@types/phoenix@1.6.7"
import * as newest from "phoenix";
import { within } from "../../testing/waiting.ts";
import { type CapturedSocket, captureSocket } from "./captured_socket.ts";

/** The metas of each key, without their refs. */
export type Shown = Readonly<Record<string, readonly unknown[]>>;

/** A version of phoenix.js. */
export type PhoenixLibrary = Pick<typeof newest, "Presence" | "Socket">;

/** phoenix.js as an application uses it, in one topic. */
export class PhoenixClient implements AsyncDisposable {
  readonly socket: newest.Socket;
  readonly channel: newest.Channel;
  /** The people it has seen join (`+ada`) and leave (`-ada`), by all their tabs. */
  readonly told: string[] = [];
  /** The broadcasts that it got: the event and the payload. */
  readonly heard: unknown[] = [];
  /** The happenings in its document. */
  readonly happened: unknown[] = [];
  readonly #captured: CapturedSocket;
  readonly #presence: newest.Presence;

  /** Connects to a service and joins a topic. */
  static async join(
    { url }: { readonly url: string },
    params: object = {},
    topic = "room",
    { Presence, Socket }: PhoenixLibrary = newest,
  ): Promise<PhoenixClient> {
    const captured = captureSocket();
    const socket = new Socket(url, {
      transport: captured.transport,
      authToken: "token",
      reconnectAfterMs: () => 10,
      rejoinAfterMs: () => 10,
    });
    socket.connect();
    const channel = socket.channel(topic, params);
    const presence = new Presence(channel);
    const client = new PhoenixClient(socket, channel, presence, captured);
    const joined = new Promise<void>((resolve, reject) =>
      client.channel.join()
        .receive("ok", () => resolve())
        .receive("error", (response) => reject(new Error(response.reason)))
    );
    await within(joined, () => "phoenix.js does not join");
    return client;
  }

  private constructor(
    socket: newest.Socket,
    channel: newest.Channel,
    presence: newest.Presence,
    captured: CapturedSocket,
  ) {
    this.#captured = captured;
    this.socket = socket;
    this.channel = channel;
    this.#presence = presence;
    this.#presence.onJoin((key, current) => {
      if (current === undefined) this.told.push(`+${key}`);
    });
    this.#presence.onLeave((key, current) => {
      if (current.metas.length === 0) this.told.push(`-${key}`);
    });
    channel.on("wave", (payload) => void this.heard.push(payload));
    channel.on("presence", (payload) => void this.happened.push(payload));
  }

  /** Who is there. */
  get shown(): Shown {
    const entries = this.#presence.list((key, { metas }) => [
      key,
      metas.map(withoutRefs),
    ]);
    return Object.fromEntries(entries);
  }

  /** Pushes, and gives the status of the reply. */
  push(event: string, payload: object): Promise<string> {
    const replied = new Promise<string>((resolve) =>
      this.channel.push(event, payload)
        .receive("ok", () => resolve("ok"))
        .receive("error", ({ reason }) => resolve(reason))
    );
    return within(replied, () => `${event} is not answered`);
  }

  /** Changes its presence. */
  async track(payload: object, fields: object = {}): Promise<void> {
    const track = { type: "presence", event: "track", payload, ...fields };
    assertEquals(await this.push("presence", track), "ok");
  }

  /** Says goodbye to the topic. */
  leave(): Promise<void> {
    const left = new Promise<void>((resolve) =>
      this.channel.leave().receive("ok", () => resolve())
    );
    return within(left, () => "phoenix.js does not leave");
  }

  /** Closes its socket, as when its page is closed. */
  disconnect(): Promise<void> {
    const closed = new Promise<void>((resolve) =>
      this.socket.disconnect(resolve)
    );
    return within(closed, () => "phoenix.js does not close");
  }

  /** Disconnects, faster than it usually would. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#captured.close();
    await this.disconnect();
  }
}

function withoutRefs(meta: unknown): unknown {
  assert(typeof meta === "object" && meta !== null);
  return Object.fromEntries(
    Object.entries(meta).filter(([name]) => !name.startsWith("phx_ref")),
  );
}
