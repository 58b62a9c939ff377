/**
 * Broadcasts reach members at other servers, if they may see the sender.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PresenceServer, type Replication } from "../../mod.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import { flush } from "../../testing/harness.ts";
import { PhoenixEndpoint } from "../mod.ts";
import { broadcastText, readBroadcast } from "./broadcast.ts";
import { BinaryBroadcast } from "../frames/message.ts";
import { bytes } from "../testing/codecs.ts";
import { MemoryClient } from "../testing/memory_client.ts";

/** A server beside others, which get all its texts. */
class Node implements Disposable {
  readonly errors: unknown[] = [];
  readonly texts: string[] = [];
  readonly followed = new Set<string>();
  readonly server: PresenceServer<TopicModel> = new PresenceServer({
    epoch: "e",
  });
  readonly endpoint: PhoenixEndpoint = new PhoenixEndpoint(
    new TopicPresence(this.server),
    { onError: (error) => void this.errors.push(error) },
  );
  readonly replication: Replication<TopicModel>;

  constructor(others: Set<Node>) {
    this.replication = this.server.replicate({
      put: () => {},
      removed: () => {},
      watched: (context, isWatched) => {
        if (isWatched) this.followed.add(context);
        else this.followed.delete(context);
      },
      // As by a backbone, it reaches those who follow.
      tell: (context, text) => {
        this.texts.push(text);
        for (const other of others) {
          if (other === this || !other.followed.has(context)) continue;
          other.replication.told(context, text);
        }
      },
    });
    others.add(this);
  }

  /** A member of the room, whose frames until then are dropped. */
  async member(params: object = {}, topic = "room"): Promise<MemoryClient> {
    const client = await MemoryClient.connect(this.endpoint);
    client.say(["1", "1", topic, "phx_join", params]);
    await flush();
    client.take();
    return client;
  }

  [Symbol.dispose](): void {
    this.endpoint[Symbol.dispose]();
    this.server[Symbol.dispose]();
    assertEquals(this.errors, []);
  }
}

Deno.test("a broadcast reaches members at other servers, with its sender", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  using there = new Node(nodes);
  const ada = await here.member({ key: "ada" });
  const near = await here.member({ key: "bob" });
  const far = await there.member({ key: "cyd" });
  const away = await there.member({ key: "dan" }, "elsewhere");
  ada.say(["1", "2", "room", "wave", { hand: "left" }]);
  const [told] = near.take();
  const sender = { key: "ada", connection: ada.socket.id };
  assertEquals(told, [null, null, "room", "wave", { hand: "left", sender }]);
  assertEquals(far.take(), [told]);
  assertEquals(away.take(), []);
});

Deno.test("a broadcast reaches members at other servers that want no presence", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  using there = new Node(nodes);
  const config = { presence: { enabled: false } };
  const ada = await here.member({ key: "ada", config });
  const far = await there.member({ key: "bob", config });
  assertEquals([...there.followed], ["room"]);
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(far.take().map((frame) => frame[3]), ["wave"]);
  far.say(["1", "3", "room", "phx_leave", {}]);
  assertEquals([...there.followed], []);
});

Deno.test("a broadcast of a hidden sender reaches those at other servers who may see them", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  using there = new Node(nodes);
  const ada = await here.member({ key: "ada", visibility: "private" });
  const own = await there.member({ key: "ada" });
  const other = await there.member({ key: "bob" });
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(own.take().map((frame) => frame[3]), ["wave"]);
  assertEquals(other.take(), []);
});

Deno.test("a broadcast of a sender with the same key is not an echo at another server", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  using there = new Node(nodes);
  const ada = await here.member({ key: "ada" });
  const phone = await there.member({ key: "ada" });
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(phone.take().map((frame) => frame[3]), ["wave"]);
});

Deno.test("a closed endpoint no longer hears other servers", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  using there = new Node(nodes);
  const ada = await here.member({ key: "ada" });
  const far = await there.member({ key: "bob" });
  there.endpoint[Symbol.dispose]();
  far.take();
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(far.take(), []);
});

Deno.test("a server without others writes no text", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  here.replication[Symbol.dispose]();
  const ada = await here.member({ key: "ada" });
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(here.texts, []);
});

Deno.test("an endpoint ignores texts that are not broadcasts of its face", async () => {
  const nodes = new Set<Node>();
  using here = new Node(nodes);
  const ada = await here.member({ key: "ada" });
  const valid = broadcastText({
    event: "wave",
    payload: {},
    key: "bob",
    shown: ["public"],
  });
  const [face, ...fields]: unknown[] = JSON.parse(valid);
  const broken = fields.map((_, index) =>
    JSON.stringify([face, ...fields.with(index, 1)])
  );
  for (
    const text of [
      "",
      "no JSON",
      "null",
      "{}",
      "[]",
      '["documents"]',
      JSON.stringify(["documents", ...fields]),
      JSON.stringify([face, "phx_close", ...fields.slice(1)]),
      JSON.stringify([face, "presence_diff", ...fields.slice(1)]),
      ...broken,
      JSON.stringify([face, "wave", "bob", [1], { json: {} }]),
      JSON.stringify([face, "wave", "bob", ["public"], { bytes: "%" }]),
      JSON.stringify([face, "wave", "bob", ["public"], {
        bytes: "",
        event: "e",
      }]),
    ]
  ) here.replication.told("room", text);
  assertEquals(ada.take(), []);
  here.replication.told("room", valid);
  assertEquals(ada.take().length, 1);
});

for (
  const payload of [
    { a: [1, null, { b: "ü" }] },
    bytes(0, 127, 128, 255),
    new BinaryBroadcast("wave", bytes(1, 255), { sender: "ada" }),
  ]
) {
  Deno.test(`readBroadcast() reads what broadcastText() has written, of ${payload.constructor.name}`, () => {
    const broadcast = {
      event: "wave",
      payload,
      key: "ada",
      shown: ["public", { restricted: "team" }],
    } as const;
    assertEquals(readBroadcast(broadcastText(broadcast)), broadcast);
  });
}
