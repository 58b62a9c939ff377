import { assert, assertEquals } from "@std/assert";
import type { PresenceUpdate } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import {
  type JsonValue,
  type TopicEntry,
  type TopicModel,
  TopicPresence,
} from "./mod.ts";
import { Client, topics, update } from "./testing/harness.ts";

Deno.test("TopicPresence.watch() shows what other faces publish, whatever their facets are", async () => {
  using t = topics();
  const strange: (JsonValue | undefined)[] = [
    undefined,
    null,
    7,
    "text",
    [],
    {},
    { values: 1 },
    { value: 1, unit: "C" },
  ];
  for (const [index, meta] of strange.entries()) {
    // Over a wire, a facet can be anything.
    const facets = JSON.parse(JSON.stringify({ meta, activity: "editing" }));
    t.server.receive(update({ subject: `key ${index}`, facets }));
  }
  t.server.receive(update({ facets: { availability: "away" } }));
  t.server.receive(update({ resource: "tab", facets: { lastSeen: 5 } }));
  t.server.receive(update({ resource: "tv", facets: { meta: { value: 8 } } }));
  const client = new Client(t.presence, "room");
  await client.read();
  const list: TopicEntry[] = [
    { key: "ada", metas: [{ availability: "away" }, {}, 8] },
    ...strange.map((meta, index) => ({
      key: `key ${index}`,
      metas: [meta ?? { activity: "editing" }],
    })),
  ];
  assertEquals(client.list(), list);
  assertEquals(JSON.stringify(t.presence.list("room")), JSON.stringify(list));
});

Deno.test("TopicPresence.watch() of two nodes with the same entries yields the same refs in the same order", async () => {
  const make = () => {
    const server = new PresenceServer<TopicModel>();
    const client = new Client(new TopicPresence(server), "room");
    return { server, client };
  };
  using origin = topics();
  origin.presence.track("room", "ada", { n: 1 });
  origin.presence.track("room", "ada", null);
  origin.presence.track("room", "bob", [2]);
  origin.server.receive(update({ facets: { activity: "idle" } }));
  const entries: PresenceUpdate<TopicModel>[] = origin.server.store.snapshots();

  const [one, other] = [make(), make()];
  using _one = one.server;
  using _other = other.server;
  one.server.receiveAll(entries);
  for (const entry of entries.toReversed()) {
    other.server.receive(JSON.parse(JSON.stringify(entry)));
  }
  const [[a], [b]] = [await one.client.read(), await other.client.read()];
  assert(a?.type === "state" && b?.type === "state");
  assertEquals(JSON.stringify(a.state), JSON.stringify(b.state));
  assertEquals(Object.keys(a.state), ["ada", "bob"]);
  assertEquals(one.client.list()[0]?.metas, [
    { activity: "idle" },
    { n: 1 },
    null,
  ]);
});
