import type { Channel } from "./channel.ts";
import type { Codec } from "./codec.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixPayload,
} from "./message.ts";
import { Refusal } from "./refusal.ts";

/** Who a broadcast is of, as those who get it are told. */
export interface Sender {
  /** The key that they are present under. */
  readonly key: string;
  /** Their socket: somebody may be there by several. */
  readonly connection: string;
}

/**
 * Relays a message to those in a topic who may know of its sender. Its frame
 * is written once for all who speak the same version. O(receivers).
 */
export function relay(
  { topic, event, payload }: PhoenixMessage,
  sender: Sender,
  from: Channel,
  receivers: Iterable<Channel>,
): void {
  const stamped = stamp(payload, sender);
  const message = { joinRef: null, ref: null, topic, event, payload: stamped };
  const frames = new Map<Codec, string | Uint8Array | undefined>();
  const shown = from.shown();
  for (const receiver of receivers) {
    if (!receiver.reads(event, payload)) continue;
    if (!receiver.hears(from, shown)) continue;
    const { codec } = receiver;
    if (!frames.has(codec)) frames.set(codec, codec.encode(message));
    receiver.offer(frames.get(codec));
  }
}

/** A frame has one byte to say how long its metadata are. */
const MAX_METADATA_BYTES = 255;

/** Bytes in Phoenix's own frames have no room for a sender. */
function stamp(payload: PhoenixPayload, sender: Sender): PhoenixPayload {
  if (payload instanceof Uint8Array) return payload;
  const { key, connection } = sender;
  if (payload instanceof BinaryBroadcast) {
    const metadata = { sender: { key, connection } };
    if (bytesOf(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
      throw new Refusal("the key is too long for a broadcast of bytes");
    }
    return new BinaryBroadcast(payload.event, payload.bytes, metadata);
  }
  return { ...payload, sender: { key, connection } };
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
