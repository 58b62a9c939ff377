import type { JsonObject } from "../../internal.ts";

/**
 * Names a message, so that the client knows the reply to it; the ref of a join
 * names all that belongs to that join. Most clients send strings. Some send
 * whole numbers and get numbers back, since `1` is not `"1"` to them.
 */
export type Ref = string | number;

/** All of a message but its payload. */
export interface MessageHeader {
  /** The ref of the join that it belongs to; `null` for none, or for all. */
  readonly joinRef: Ref | null;
  /** What a reply repeats; `null` if no reply is expected. */
  readonly ref: Ref | null;
  /** The topic of the channel. */
  readonly topic: string;
  /** What has happened, or shall happen. */
  readonly event: string;
}

/** A message from a client or to one, in any frame. */
export interface PhoenixMessage extends MessageHeader {
  /** The content. */
  readonly payload: PhoenixPayload;
}

/**
 * The content of a message: JSON, bytes, or the bytes that Supabase's clients
 * give a name. `instanceof` tells them apart. All clients read JSON. Phoenix's
 * clients throw at a {@linkcode BinaryBroadcast}, and Supabase's at other
 * bytes: send each only to clients that read it.
 */
export type PhoenixPayload = JsonObject | Uint8Array | BinaryBroadcast;

/** Reports whether a payload is bytes of either kind. */
export function isBytes(
  payload: PhoenixPayload,
): payload is Uint8Array | BinaryBroadcast {
  return payload instanceof Uint8Array || payload instanceof BinaryBroadcast;
}

/**
 * A broadcast of bytes in Supabase's dialect: a message of the event
 * `broadcast`. A broadcast of JSON needs no class of its own: it is the object
 * `{ type: "broadcast", event, payload }` in either kind of frame.
 */
export class BinaryBroadcast {
  /** The sender's name for the event. */
  readonly event: string;
  /** The content. */
  readonly bytes: Uint8Array;
  /**
   * From a client: options for the server, like `persist`, which others do not
   * get. To a client: what the server adds, which it finds as `meta`. At most
   * 255 bytes as JSON.
   */
  readonly metadata: JsonObject;

  /** Makes a broadcast. */
  constructor(event: string, bytes: Uint8Array, metadata: JsonObject = {}) {
    this.event = event;
    this.bytes = bytes;
    this.metadata = metadata;
  }
}
