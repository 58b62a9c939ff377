import { assertNoOtherOptions } from "../../core/assert.ts";
import { assertPositive, type TokenRate } from "../internal.ts";

/** How much one socket, and one identity, may ask of an endpoint. */
export interface PhoenixLimits {
  /**
   * Bytes of a frame; a longer one closes the socket with 1009.
   *
   * @default {262_144}
   */
  readonly frameBytes: number;
  /**
   * Bytes of the frame of a broadcast.
   *
   * @default {65_536}
   */
  readonly broadcastBytes: number;
  /**
   * Bytes of a meta, as JSON.
   *
   * @default {4_096}
   */
  readonly metaBytes: number;
  /**
   * Topics that one socket has joined.
   *
   * @default {100}
   */
  readonly topics: number;
  /**
   * Messages of one socket a second, heartbeats aside; twice as many may come
   * at once. Each topic counts as one of which it is told anew who is there,
   * because a fresh token lets its client see something else.
   *
   * @default {100}
   */
  readonly messagesPerSecond: number;
  /**
   * Open sockets of one subject.
   *
   * @default {100}
   */
  readonly sockets: number;
  /**
   * Open sockets of all.
   *
   * @default {10_000}
   */
  readonly allSockets: number;
  /**
   * Bytes that wait to be sent to one socket. Beyond it broadcasts are left
   * out, and presence waits, to be told as a whole; four times as much, beside
   * the largest frame, closes the socket. As much, and 256 frames, may have come
   * in and wait until a hook has answered, where a text counts its UTF-16 code
   * units; more closes the socket too.
   *
   * @default {1_048_576}
   */
  readonly bufferedBytes: number;
}

/** What holds unless an option says otherwise. */
export const DEFAULT_LIMITS: PhoenixLimits = {
  frameBytes: 262_144,
  broadcastBytes: 65_536,
  metaBytes: 4_096,
  topics: 100,
  messagesPerSecond: 100,
  sockets: 100,
  allSockets: 10_000,
  bufferedBytes: 1_048_576,
};

/** How often one socket may send: twice as many messages may arrive at once. */
export function messageRate({ messagesPerSecond }: PhoenixLimits): TokenRate {
  return { perSecond: messagesPerSecond, capacity: 2 * messagesPerSecond };
}

/**
 * Completes limits.
 *
 * @throws {InvalidValueError} If one is not a number above zero.
 */
export function limitsFrom(limits: Partial<PhoenixLimits>): PhoenixLimits {
  const all = { ...DEFAULT_LIMITS, ...limits };
  for (const [name, value] of Object.entries(all)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      assertNoOtherOptions({ [name]: value }, "create endpoint", "limits");
    }
    assertPositive(value, `limits.${name}`, "create endpoint");
  }
  return all;
}
