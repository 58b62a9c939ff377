/**
 * A program of a user of Node or Bun. `npm_consumer_test.ts` compiles it against
 * the packed package and runs it; it prints its results.
 *
 * @module
 */

import { PresenceBeacon, PresenceStore, restricted } from "@ruthere/presence";
import * as rooms from "@ruthere/presence";
import * as awareness from "@ruthere/presence/awareness";
import * as beacons from "@ruthere/presence/beacon";
import * as client from "@ruthere/presence/client";
import * as core from "@ruthere/presence/core";
import * as server from "@ruthere/presence/server";
import * as cluster from "@ruthere/presence/server/cluster";
import * as redis from "@ruthere/presence/server/cluster/redis";
import * as suite from "@ruthere/presence/server/cluster/testing";
import * as documents from "@ruthere/presence/server/documents";
import * as http from "@ruthere/presence/server/http";
import * as metrics from "@ruthere/presence/server/metrics";
import * as phoenix from "@ruthere/presence/server/phoenix";
import * as tokens from "@ruthere/presence/server/tokens";
import * as topics from "@ruthere/presence/server/topics";
import * as topicState from "@ruthere/presence/server/topics/state";
import * as stores from "@ruthere/presence/store";
import * as react from "@ruthere/presence/react";
import * as solid from "@ruthere/presence/solid";
import * as svelte from "@ruthere/presence/svelte";
import * as views from "@ruthere/presence/views";
import * as vue from "@ruthere/presence/vue";

const beacon = new PresenceBeacon({
  subject: "alice",
  context: "doc-42",
  resource: "browser-tab",
  origin: "session/browser",
  visibility: restricted("doc-members"),
  expiry: { after: 60 },
});
const store = new PresenceStore();
const cursor = store.watcherCursor("zero");

const sequence: number = store.publish(
  beacon.heartbeatAt(100, { availability: "available", activity: "editing" }),
);
const summary = store.subjectSummary("alice", "doc-42");
const first = cursor.poll(store);
store.expire(200);
const second = cursor.poll(store);
const gone = store.subjectSummary("alice", "doc-42");

const presence = new server.PresenceServer();
const handler = http.createHttpHandler(presence);
const remote = new client.PresenceClient({
  url: "http://localhost/",
  fetch: (url, init) => handler(new Request(url, init)),
});
await remote.publish({ subject: "bob", context: "doc-1", ttlMs: 30_000 });
const view = new server.PresenceView();
for await (const batch of remote.watch({ context: "doc-1" })) {
  view.apply(batch);
  break;
}
presence[Symbol.dispose]();

console.log(JSON.stringify({
  sequence,
  activity: summary?.activity,
  first,
  second,
  gone: gone === undefined,
  watched: view.subjects("doc-1"),
  everyRoomLoads: [
    rooms,
    awareness,
    beacons,
    client,
    core,
    server,
    cluster,
    redis,
    suite,
    documents,
    http,
    metrics,
    phoenix,
    tokens,
    topics,
    topicState,
    stores,
    views,
    react,
    solid,
    svelte,
    vue,
  ]
    .every((room) => Object.keys(room).length > 0),
}));
