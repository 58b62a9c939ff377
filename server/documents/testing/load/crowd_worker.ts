/**
 * A crowd that moves and counts frames. While it moves, its thread sleeps a
 * little in each turn of the event loop. Otherwise it would wake for every frame,
 * and its own load would distort the measurement. Other clients measure the delay
 * of frames.
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
  | { readonly type: "rest" }
  | { readonly type: "tally" };

const NAP_MS = 2;

const neverNotified = new Int32Array(new SharedArrayBuffer(4));
let clients: readonly LoadClient[] = [];
let rest = () => {};

async function obey(order: CrowdOrder): Promise<void> {
  if (order.type === "join") clients = await joinAll(order.joining);
  if (order.type === "rest") rest();
  if (order.type === "move") {
    const stop = moveAll(clients, order.everyMs);
    const nap = () => Atomics.wait(neverNotified, 0, 0, NAP_MS);
    const naps = setInterval(nap, 1);
    rest = () => {
      stop();
      clearInterval(naps);
    };
  }
  self.postMessage(tally(clients));
}

self.onmessage = ({ data }) => void obey(data);
