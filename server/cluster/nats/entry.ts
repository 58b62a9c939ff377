import type { MsgHdrs } from "@nats-io/nats-core";
import type { Names } from "./names.ts";

/** Says which life has written a row, as tokens, where the value is not read. */
export const LIFE_HEADER = "Ruthere-Life";

/** Says what a value means that is none: the key was deleted. */
export const OPERATION_HEADER = "KV-Operation";

/** A value of a key. */
export interface Entry {
  /** The key. */
  readonly key: string;
  /** Its revision, which no other value of the bucket has. */
  readonly revision: number;
  /** When it was written, in milliseconds, by the server's clock. */
  readonly time: number;
  /** Whether it says that the key was deleted. */
  readonly isRemoved: boolean;
  /** The tokens of the life that has written it; "" if it does not say so. */
  readonly life: string;
  /** The value. */
  readonly value: string;
}

/** What the client knows of a message of a stream. */
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

/** Whether headers say that a key was deleted, by whatever tool. */
export function isRemoval(headers: MsgHdrs | undefined): boolean {
  return ["DEL", "PURGE"].includes(headers?.get(OPERATION_HEADER) ?? "");
}
