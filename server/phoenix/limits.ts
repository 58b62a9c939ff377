import { assertNoOtherOptions } from "../../core/assert.ts";
import { assertPositive, type TokenRate } from "../internal.ts";

/** What one socket, and one identity, may ask of an endpoint. */
export interface PhoenixLimits {
  /**
   * Bytes of a frame; a larger one closes the socket with 1009.
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
   * Connections in a topic whose presence a client may begin to watch. The state
   * that it gets has all of them in one frame, which is made in one go, in about
   * 4 µs each: a hundred thousand would stop the server for nearly half a
   * second. No client can become present beyond this. A client of a topic that
   * grows otherwise goes on getting diffs.
   *
   * @default {10_000}
   */
  readonly stateConnections: number;
  /**
   * Topics that one socket may have joined.
   *
   * @default {100}
   */
  readonly topics: number;
  /**
   * Messages of one socket a second, without heartbeats and leaves; twice as many
   * may arrive at once. If a fresh token changes what a client may see, each new
   * state counts as a message.
   *
   * @default {100}
   */
  readonly messagesPerSecond: number;
  /**
   * Open sockets of one subject. The pipe that tabs share is one more, so that
   * they need at least 2.
   *
   * @default {100}
   */
  readonly sockets: number;
  /**
   * Open sockets of all, with pipes.
   *
   * @default {10_000}
   */
  readonly allSockets: number;
  /**
   * Bytes that may wait to be sent to one socket. Beyond it, broadcasts are left
   * out, and presence waits and is then sent as a whole state. Four times as
   * much, beside the largest frame, closes the socket. The same number of
   * bytes, or UTF-16 units of texts, in at most 256 frames may wait to be
   * handled while a hook has yet to answer; more closes the socket.
   *
   * @default {1_048_576}
   */
  readonly bufferedBytes: number;
}

/** The limits of an endpoint without options. */
export const DEFAULT_LIMITS: PhoenixLimits = {
  frameBytes: 262_144,
  broadcastBytes: 65_536,
  metaBytes: 4_096,
  stateConnections: 10_000,
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
 * Completes limits with the default ones.
 *
 * @throws {InvalidValueError} If one is not a number above 0, or not known.
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
