import type { JsonObject } from "../../internal.ts";

/**
 * What a client calls a message by, to know the reply to it; a join's names
 * all that belongs to that join. Most clients send strings. Some send whole
 * numbers, and get them back as numbers, since `1` is not `"1"` to them.
 */
export type Ref = string | number;

/** A message of a client or to one, whatever frame carries it. */
export interface PhoenixMessage {
  /** The ref of the join that it belongs to; `null` for none, or for all. */
  readonly joinRef: Ref | null;
  /** What a reply to it repeats; `null` if none is awaited. */
  readonly ref: Ref | null;
  /** The channel that it is about. */
  readonly topic: string;
  /** What has happened, or shall happen. */
  readonly event: string;
  /** What is told of it. */
  readonly payload: PhoenixPayload;
}

/**
 * What a message tells: JSON, bytes, or the bytes that Supabase's clients give
 * a name. Tell them apart by `instanceof`. JSON is for everyone. Phoenix's
 * clients throw at a {@linkcode BinaryBroadcast}, and Supabase's at other
 * bytes: send neither to who does not read it.
 */
export type PhoenixPayload = JsonObject | Uint8Array | BinaryBroadcast;

/**
 * A broadcast of bytes in Supabase's dialect, which is a message of the event
 * `broadcast`. One of JSON needs no such class: it is the JSON object
 * `{ type: "broadcast", event, payload }`, however it came.
 */
export class BinaryBroadcast {
  /** What the bytes are about, by the sender's own words. */
  readonly event: string;
  /** What was sent. */
  readonly bytes: Uint8Array;
  /**
   * From a client: what it asks of the server, like `persist`; it is not meant
   * for others. To a client: what the server adds, which it finds as `meta`.
   * As JSON it has at most 255 bytes.
   */
  readonly metadata: JsonObject;

  /** Makes a broadcast, without metadata unless some are given. */
  constructor(event: string, bytes: Uint8Array, metadata: JsonObject = {}) {
    this.event = event;
    this.bytes = bytes;
    this.metadata = metadata;
  }
}

/** The answer to a message. */
export interface PhoenixReply {
  /** The join ref of the message. */
  readonly joinRef: Ref | null;
  /** The ref of the message. */
  readonly ref: Ref;
  /** The topic of the message. */
  readonly topic: string;
  /** Whether it was done. */
  readonly status: "ok" | "error";
  /** What came of it, or why not. */
  readonly response: JsonObject | Uint8Array;
}
