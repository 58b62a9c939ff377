/**
 * A crowd that moves and counts frames. It sleeps a little in each turn:
 * otherwise the system would wake it for every frame, and the crowd would be
 * measured. Other clients measure the delay of frames.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import {
  joinAll,
  type Joining,
  type LoadClient,
  moveAll,
  tally,
} from "./load_client.ts";

/** An order; its reply is a tally. */
export type CrowdOrder =
  | { readonly type: "join"; readonly joining: Joining }
  | { readonly type: "move"; readonly everyMs: number }
  | { readonly type: "tally" };

const NAP_MS = 2;

const clock = new Int32Array(new SharedArrayBuffer(4));
let clients: readonly LoadClient[] = [];

async function obey(order: CrowdOrder): Promise<void> {
  if (order.type === "join") clients = await joinAll(order.joining);
  if (order.type === "move") {
    moveAll(clients, order.everyMs);
    setInterval(() => Atomics.wait(clock, 0, 0, NAP_MS), 1);
  }
  self.postMessage(tally(clients));
}

self.onmessage = ({ data }) => void obey(data);
