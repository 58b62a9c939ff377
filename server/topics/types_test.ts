/**
 * Code that must compile, and code that must not: the type check is the test.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { PresenceServer } from "../mod.ts";
import { type TopicEvent, type TopicModel, TopicPresence } from "./mod.ts";

interface Tab {
  device: string;
  cursor?: { line: number } | undefined;
}

const TAB: Tab = { device: "laptop", cursor: undefined };

Deno.test("types: TopicPresence.track() accepts an interface as a meta", () => {
  using server = new PresenceServer<TopicModel>();
  const presence = new TopicPresence(server);
  const handle = presence.track("room", "ada", TAB);
  handle.update(TAB);
  assertEquals(presence.list("room"), [
    { key: "ada", metas: [{ device: "laptop" }] },
  ]);
  // @ts-expect-error: undefined is no meta
  const none = () => presence.track("room", "ada", undefined);
  assertEquals(typeof none, "function");
});

Deno.test("types: TopicPresence returns the application's type of metas", async () => {
  using server = new PresenceServer<TopicModel>();
  const presence = new TopicPresence<Tab>(server);
  const events = presence.events("room");
  presence.track("room", "ada", TAB);

  const metas = presence.list("room").flatMap(({ metas }) => metas);
  assertType<IsExact<typeof metas, Tab[]>>(true);
  assertEquals(presence.get("room", "ada")?.metas[0]?.device, "laptop");

  const { value } = await events.next();
  assertType<IsExact<typeof value, TopicEvent<Tab> | void>>(true);
  assertEquals(value?.type === "join" && value.meta.device, "laptop");
});

Deno.test("types: TopicPresence accepts no other metas than the application's", () => {
  using server = new PresenceServer<TopicModel>();
  const presence = new TopicPresence<Tab>(server);
  const handle = presence.track("room", "ada", TAB);
  // @ts-expect-error: a Tab has a device
  const track = () => presence.track("room", "ada", { name: "Ada" });
  // @ts-expect-error: the same in an update
  const update = () => handle.update({ name: "Ada" });
  assertEquals([typeof track, typeof update], ["function", "function"]);
  // What takes any topics, as a Phoenix endpoint, takes these.
  const topics: TopicPresence = presence;
  assertEquals(topics.countPresences("room"), 1);
});
