import type { MsgHdrs } from "@nats-io/nats-core";
import type { Names } from "./names.ts";

/** Names the life that has written a row, for readers of headers alone. */
export const LIFE_HEADER = "Ruthere-Life";

/** Marks a value as the deletion of its key. */
export const OPERATION_HEADER = "KV-Operation";

/** A change of a key. */
export interface News {
  /** The key. */
  readonly key: string;
  /** The revision, unique in the bucket. */
  readonly revision: number;
  /** Whether the key was deleted. */
  readonly isRemoved: boolean;
  /** The value. */
  readonly value: string;
}

/** A value of a key as it is kept. */
export interface Entry extends News {
  /** When it was written, in milliseconds, by the server's clock. */
  readonly time: number;
  /** The tokens of the life that has written it; "" if it is no row. */
  readonly life: string;
}

/** A message of a stream. */
interface Message {
  readonly subject: string;
  readonly seq: number;
  readonly time: Date;
  string(): string;
}

/** Makes an entry of a message. */
export function entryOf(
  names: Names,
  message: Message,
  headers: MsgHdrs | undefined,
): Entry {
  return {
    key: names.key(message.subject),
    revision: message.seq,
    time: message.time.getTime(),
    isRemoved: isRemoval(headers),
    life: headers?.get(LIFE_HEADER) ?? "",
    value: message.string(),
  };
}

/** Reports whether headers say that a key was deleted, by whatever tool. */
export function isRemoval(headers: MsgHdrs | undefined): boolean {
  return ["DEL", "PURGE"].includes(headers?.get(OPERATION_HEADER) ?? "");
}
