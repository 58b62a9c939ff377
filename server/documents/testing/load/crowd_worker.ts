/**
 * A crowd that moves, and counts what comes. It sleeps a little in each turn:
 * the system would wake it for every frame otherwise, and it would be the crowd
 * that is measured. How long frames are on their way is for others to say.
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

/** What to do; a tally is the answer. */
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
