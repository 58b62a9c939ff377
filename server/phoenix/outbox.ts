import type { Codec } from "./frames/codec.ts";
import type { JsonObject } from "../internal.ts";
import type { PhoenixMessage } from "./frames/message.ts";
import type { PhoenixTally } from "./phoenix_stats.ts";
import type { Stall } from "./stall.ts";

/** What an outbox belongs to. */
export interface OutboxSettings {
  /** How the client wants its frames. */
  readonly codec: Codec;
  /** What waits to be sent. */
  readonly stall: Stall;
  /** Counts what is left out. */
  readonly tally: PhoenixTally;
  /** Aborted when nothing may be sent any more. */
  readonly signal: AbortSignal;
  /** So much waits that there is no point in going on. */
  onHopeless(): void;
}

/** What goes out to one client. */
export class Outbox {
  readonly #settings: OutboxSettings;

  /** Makes it; nothing is sent by that. */
  constructor(settings: OutboxSettings) {
    this.#settings = settings;
  }

  /** How the client wants its frames. */
  get codec(): Codec {
    return this.#settings.codec;
  }

  /** Looks whether there is room for a frame. */
  hasRoom(): boolean {
    return this.#settings.stall.hasRoom();
  }

  /** Sends a frame, if there is one and the client is there. */
  send(frame: string | Uint8Array | undefined): void {
    const { stall, tally, signal } = this.#settings;
    if (signal.aborted || frame === undefined) return;
    if (stall.isHopeless) {
      tally.droppedFor("slow");
      return this.#settings.onHopeless();
    }
    stall.send(frame);
  }

  /** Sends the frame of a state to who has been behind, which is counted. */
  sendAnew(frame: string): void {
    this.#settings.tally.statesResent++;
    this.send(frame);
  }

  /** Sends a frame that may be left out, if there is room. */
  offer(frame: string | Uint8Array | undefined): void {
    if (frame === undefined) return;
    if (this.hasRoom()) this.send(frame);
    else this.#settings.tally.framesLeftOut++;
  }

  /** Sends the answer to a message, if one is awaited. */
  reply(
    { joinRef, ref, topic }: Pick<PhoenixMessage, "joinRef" | "ref" | "topic">,
    response: JsonObject,
    status: "ok" | "error" = "ok",
  ): void {
    if (ref === null) return;
    const payload = { status, response };
    const reply = { joinRef, ref, topic, event: "phx_reply", payload };
    this.send(this.codec.encode(reply));
  }

  /** Tells what has come of a join. */
  push(
    { joinRef, topic }: Pick<PhoenixMessage, "joinRef" | "topic">,
    event: string,
    payload: JsonObject,
  ): void {
    const message = { joinRef, ref: joinRef, topic, event, payload };
    this.send(this.codec.encode(message));
  }

  /** Waits until there is room; `false` if it closes before. */
  drained(): Promise<boolean> {
    return this.#settings.stall.over();
  }
}
