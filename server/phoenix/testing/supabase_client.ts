import {
  type RealtimeChannel,
  type RealtimeChannelOptions,
  RealtimeClient,
} from "@supabase/realtime-js";
import { within } from "../../testing/waiting.ts";
import { captureSocket } from "./captured_socket.ts";

/** How a client is in its topic. */
export interface SupabaseOptions {
  /** The channel, which is the topic `realtime:{room}`. */
  readonly room?: string;
  /** The key that it wants; empty for one that the server makes. */
  readonly key?: string;
  /** Whether it listens to presence. */
  readonly presence?: boolean;
  /** How it wants broadcasts. */
  readonly broadcast?: { readonly self?: boolean; readonly ack?: boolean };
  /** The version of the client; the newest, if it is left out. */
  readonly Library?: typeof RealtimeClient;
  /** The version that it speaks. */
  readonly vsn?: "1.0.0" | "2.0.0";
}

/** Supabase's client as an application uses it, in one topic. */
export class SupabaseClient implements AsyncDisposable {
  readonly client: RealtimeClient;
  readonly channel: RealtimeChannel;
  /** The people it has seen join (`+ada`) and leave (`-ada`), by all their tabs. */
  readonly told: string[] = [];
  /** The broadcasts of `wave` that it got. */
  readonly heard: unknown[] = [];
  /** How often it has joined. */
  joins = 0;
  readonly #captured = captureSocket();

  /** Connects to a service and subscribes. */
  static async join(
    { port }: { readonly port: number },
    options: SupabaseOptions = {},
  ): Promise<SupabaseClient> {
    const client = new SupabaseClient(port, options);
    const joined = new Promise<void>((resolve, reject) =>
      client.channel.subscribe((status, error) => {
        if (status !== "SUBSCRIBED") return reject(error);
        client.joins++;
        resolve();
      })
    );
    await within(joined, () => "Supabase's client does not join");
    return client;
  }

  private constructor(
    port: number,
    options: SupabaseOptions,
  ) {
    const { room = "room", key = "", presence = true } = options;
    const { broadcast = {}, vsn = "2.0.0" } = options;
    const { Library = RealtimeClient } = options;
    this.client = new Library(`ws://127.0.0.1:${port}/realtime/v1`, {
      vsn,
      transport: this.#captured.transport,
      params: { apikey: "the key of the project" },
      reconnectAfterMs: () => 10,
    });
    const config: RealtimeChannelOptions["config"] = {
      broadcast,
      presence: { key },
    };
    this.channel = this.client.channel(room, { config });
    this.channel.on(
      "broadcast",
      { event: "wave" },
      (message) => void this.heard.push(message.payload),
    );
    if (!presence) return;
    this.channel
      .on("presence", { event: "join" }, ({ key, currentPresences }) => {
        if (currentPresences.length === 0) this.told.push(`+${key}`);
      })
      .on("presence", { event: "leave" }, ({ key, currentPresences }) => {
        if (currentPresences.length === 0) this.told.push(`-${key}`);
      });
  }

  /** Who is there: the metas of each key, without their refs. */
  get shown(): Readonly<Record<string, readonly unknown[]>> {
    return Object.fromEntries(
      Object.entries(this.channel.presenceState()).map(([key, metas]) => [
        key,
        metas.map(({ presence_ref: _ref, ...meta }) => meta),
      ]),
    );
  }

  /** Sends a broadcast of `wave`. */
  wave(payload: unknown): Promise<string> {
    return this.channel.send({ type: "broadcast", event: "wave", payload });
  }

  /** Disconnects, faster than it usually would. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#captured.close();
    await this.client.disconnect();
  }
}
