/**
 * How clients of each server speak to it.
 *
 * @module
 */

/** A server to put load on. */
export type Kind =
  | "bare"
  | "ws"
  | "socket.io"
  | "hocuspocus"
  | "presence"
  | "bundles";

/** A frame of a client. */
export type Frame = string | Uint8Array<ArrayBuffer>;

/** A frame to send, if any, and what is in the frame that answers it. */
export interface Step {
  readonly send?: Frame;
  readonly until: string;
}

/** A position of a cursor. */
export interface Cursor {
  readonly line: number;
  readonly column: number;
  /** The time when it was sent. */
  readonly offset: number;
}

/** How clients of a server speak to it. */
export interface Wire {
  /** The path and the query of a socket. */
  readonly path: string;
  /** Returns what a person does to join a topic. */
  join(topic: string, id: number): Step[];
  /** Returns the frame that moves the cursor of a person for the nth time. */
  move(topic: string, id: number, cursor: Cursor, n: number): Frame;
  /** Whether the server answers each move. */
  readonly answers: boolean;
  /** What is in a frame with a position, beside the position. */
  readonly moved: string;
  /** Counts the positions in a frame; left out, each frame has one. */
  positionsIn?(frame: Uint8Array): number;
}

/** The protocol of Phoenix, which the bare servers speak as well. */
const PHOENIX: Wire = {
  path: "/socket/websocket?vsn=2.0.0",
  join(topic, id) {
    const name = `Person ${id}`;
    const payload = topic.startsWith("document:")
      ? { key: keyOf(id), name }
      : { key: keyOf(id), meta: { name } };
    const frame = ["1", "1", topic, "phx_join", payload];
    return [{ send: JSON.stringify(frame), until: '"status":"ok"' }];
  },
  move: (topic, _id, cursor, n) =>
    JSON.stringify(["1", `${n}`, topic, "cursor", { cursor }]),
  answers: true,
  moved: '"cursor_moved"',
};

/** The same with bundles; the moves request no answers. */
const BUNDLES: Wire = {
  ...PHOENIX,
  path: "/socket/websocket?vsn=2.0.0&bundle=1",
  move: (topic, _id, cursor) =>
    JSON.stringify(["1", null, topic, "cursor", { cursor }]),
  answers: false,
  // Each is an array, and so is the frame; there are no others.
  positionsIn: (frame) => count(frame, "[".charCodeAt(0)) - 1,
};

/** The protocol of socket.io, by a WebSocket from the start. */
const SOCKET_IO: Wire = {
  path: "/socket.io/?EIO=4&transport=websocket",
  join(topic, id) {
    const event = ["join", topic, keyOf(id), { name: `Person ${id}` }];
    return [
      { until: '0{"sid"' },
      { send: "40", until: "40{" },
      { send: `420${JSON.stringify(event)}`, until: "430[" },
    ];
  },
  move: (topic, _id, cursor) =>
    `42${JSON.stringify(["cursor", topic, cursor])}`,
  answers: false,
  moved: '42["cursor"',
};

/** The kinds of messages of Hocuspocus. */
const AWARENESS = 1;
const AUTH = 2;
const TOKEN = 0;

/** The protocol of Hocuspocus, with the awareness of `y-protocols`. */
const HOCUSPOCUS: Wire = {
  path: "/",
  join: (topic, id) => [
    { send: bytesOf(topic, AUTH, TOKEN, "none", "4"), until: "read-write" },
    // The others receive a new state, and so does its client.
    { send: awarenessOf(topic, id, undefined, 0), until: `"${keyOf(id)}"` },
  ],
  move: (topic, id, cursor, n) => awarenessOf(topic, id, cursor, n),
  answers: false,
  moved: '"cursor"',
  positionsIn(frame) {
    // The name of the document, the kind, the length, the number of states.
    let at = frame[0]! + 1;
    if (frame[at++] !== AWARENESS) return 0;
    while (frame[at++]! >= 128);
    return frame[at]! < 128
      ? frame[at]!
      : frame[at]! - 128 + 128 * frame[at + 1]!;
  },
};

/** The wires of all servers. */
export const WIRES: Readonly<Record<Kind, Wire>> = {
  bare: PHOENIX,
  ws: PHOENIX,
  "socket.io": SOCKET_IO,
  hocuspocus: HOCUSPOCUS,
  presence: PHOENIX,
  bundles: BUNDLES,
};

function count(bytes: Uint8Array, wanted: number): number {
  let found = 0;
  for (const byte of bytes) if (byte === wanted) found++;
  return found;
}

/** Returns the key of a person. */
export function keyOf(id: number): string {
  return `person-${id}`;
}

function awarenessOf(
  topic: string,
  id: number,
  cursor: Cursor | undefined,
  clock: number,
): Frame {
  const user = { key: keyOf(id), name: `Person ${id}` };
  const state = JSON.stringify({ user, cursor });
  const update = bytesOf(1, id + 1, clock + 1, state);
  return bytesOf(topic, AWARENESS, update);
}

/** Writes numbers, and texts and bytes with their lengths, as lib0 does. */
function bytesOf(
  ...parts: readonly (number | string | Uint8Array)[]
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const writeNumber = (value: number) => {
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes.push(rest & 127 | 128);
    bytes.push(rest);
  };
  for (const part of parts) {
    if (typeof part === "number") {
      writeNumber(part);
      continue;
    }
    const data = typeof part === "string"
      ? new TextEncoder().encode(part)
      : part;
    writeNumber(data.length);
    bytes.push(...data);
  }
  return Uint8Array.from(bytes);
}
