import type { Visibility } from "../../../core/mod.ts";
import type { Broadcast } from "./broadcast_text.ts";
import type { Channel } from "../channels/channel.ts";
import type { Codec } from "../frames/codec.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixPayload,
} from "../frames/message.ts";
import { Refusal } from "../refusal.ts";
import { isLarger } from "../frames/bytes.ts";

/** Who a broadcast is of, as those who get it are told. */
export interface Sender {
  /** The key that they are present under. */
  readonly key: string;
  /** Their socket: somebody may be there by several. */
  readonly connection: string;
}

/** Makes a broadcast of a message: who it is of rides along. */
export function broadcastOf(
  { event, payload }: PhoenixMessage,
  sender: Sender,
  shown: readonly Visibility[],
): Broadcast {
  return { event, payload: stamp(payload, sender), key: sender.key, shown };
}

/**
 * Hands a broadcast to those in a topic who may know of its sender. Its frame
 * is written once for all who speak the same version. O(receivers).
 *
 * @param from The channel that it came by, if it came by one of this server.
 */
export function deliver(
  topic: string,
  { event, payload, key, shown }: Broadcast,
  receivers: Iterable<Channel>,
  from?: Channel,
): void {
  const message = { joinRef: null, ref: null, topic, event, payload };
  const frames = new Map<Codec, string | Uint8Array | undefined>();
  for (const receiver of receivers) {
    if (!receiver.reads(event, payload)) continue;
    const hears = receiver === from
      ? receiver.hearsItself
      : receiver.hears(key, shown);
    if (!hears) continue;
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
    if (isLarger(JSON.stringify(metadata), MAX_METADATA_BYTES)) {
      throw new Refusal("the key is too long for a broadcast of bytes");
    }
    return new BinaryBroadcast(payload.event, payload.bytes, metadata);
  }
  return { ...payload, sender: { key, connection } };
}
