import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { PresenceServer, PUBLIC_VIEWER } from "../mod.ts";
import { type TopicModel, TopicPresence } from "../topics/mod.ts";
import { flush } from "../testing/harness.ts";
import { isJsonObject } from "../internal.ts";
import { PhoenixEndpoint } from "./mod.ts";
import { RUNS } from "./testing/arbitraries.ts";
import { Client, type Frame, isFrame, Screen } from "./testing/client.ts";
import { FRAME_BYTES, hostileFrame, TOPICS } from "./testing/hostile_frames.ts";
import { MemoryClient } from "./testing/memory_client.ts";
import {
  type ClientSerializer,
  phoenixSerializer,
  supabaseSerializer,
} from "./testing/real_clients.ts";
import { serve } from "./testing/service.ts";

const SERIALIZERS: Record<typeof TOPICS[number], ClientSerializer> = {
  "room": phoenixSerializer(),
  "realtime:room": supabaseSerializer("2.0.0"),
};

const LIMITS = { frameBytes: FRAME_BYTES, messagesPerSecond: 1e6, topics: 3 };

/** A message as the client of somebody who means well reads it. */
interface Read {
  readonly topic: string;
  readonly event: string;
  readonly payload: object;
}

function isRead(value: unknown): value is Read {
  return typeof value === "object" && value !== null &&
    "topic" in value && typeof value.topic === "string" &&
    "event" in value && typeof value.event === "string" &&
    "payload" in value && typeof value.payload === "object" &&
    value.payload !== null;
}

/** Fails unless the client in a topic can make something of a frame. */
function assertReadable(
  topic: typeof TOPICS[number],
  frame: string | Uint8Array,
): void {
  const read = SERIALIZERS[topic].decode(frame);
  assert(isRead(read), "its client can't read it");
  assertEquals(read.topic, topic);
  const { payload } = read;
  // Older clients read an event in whatever case.
  const event = read.event.toLowerCase();
  // It has asked for nothing, and nothing has become of its join.
  assert(!/^(phx_|chan_reply_|heartbeat$|system$)/.test(event), event);
  if (/^presence/.test(event)) {
    assert(event === "presence_diff" || event === "presence_state", event);
    assert(!("sender" in payload), "a client has made it");
  } else if (topic === "realtime:room") {
    assert(!("ids" in payload), "it is taken for a change of a database");
    if (event === "broadcast") {
      assert("event" in payload && typeof payload.event === "string");
    }
  }
  if (typeof frame === "string" && !/^presence/.test(event)) {
    assert("sender" in payload, "it does not say who has sent it");
    const { sender } = payload;
    assert(typeof sender === "object" && sender !== null);
    assertEquals(Object.keys(sender).sort(), ["connection", "key"]);
  }
}

/** Somebody who means well, is present, and sends nothing more. */
class GoodClient {
  readonly #topic: typeof TOPICS[number];
  readonly #client: MemoryClient;
  readonly #screen: Screen;

  static async join(
    endpoint: PhoenixEndpoint,
    topic: typeof TOPICS[number],
  ): Promise<GoodClient> {
    const client = await MemoryClient.connect(endpoint);
    const params = { key: "good", meta: { good: true }, config: {} };
    client.say(["1", "1", topic, "phx_join", params]);
    await flush();
    const good = new GoodClient(topic, client);
    good.#screen.show(client.take());
    return good;
  }

  private constructor(topic: typeof TOPICS[number], client: MemoryClient) {
    this.#topic = topic;
    this.#client = client;
    this.#screen = new Screen(topic);
  }

  /** Tells what it got, and fails if that is anything but what it should be. */
  notice(topics: TopicPresence): (string | Uint8Array)[] {
    const topic = this.#topic;
    assertEquals(this.#client.closeCode, undefined);
    assertEquals(this.#client.socket.topics, [topic]);
    const frames = this.#client.frames.splice(0);
    for (const frame of frames) assertReadable(topic, frame);
    this.#screen.show(frames.flatMap(parsed));
    const viewer = { ...PUBLIC_VIEWER, subject: "good" };
    assertEquals(this.#screen.list(), topics.list(topic, viewer));
    const metas = topics.get(topic, "good")?.metas ?? [];
    assert(metas.some((meta) => isJsonObject(meta) && meta.good === true));
    return frames;
  }
}

/** A frame of JSON; none, if it is of bytes. */
function parsed(frame: string | Uint8Array): Frame[] {
  const value: unknown = typeof frame === "string" ? JSON.parse(frame) : null;
  return isFrame(value) ? [value] : [];
}

/** The codecs of malicious clients. */
const VERSIONS = ["2.0.0", "2.0.0", "2.0.0", "1.0.0"];

/** Lets a client join all topics, so that more of what it sends is relayed. */
function enter(client: MemoryClient, version: string | undefined): void {
  const payload = { key: "eve" };
  const event = "phx_join";
  for (const topic of TOPICS) {
    client.say(
      version === "1.0.0"
        ? JSON.stringify({ topic, event, payload, ref: "1" })
        : ["1", "1", topic, event, payload],
    );
  }
}

const history = fc.record({
  isSlow: fc.boolean(),
  isIn: fc.boolean(),
  steps: fc.array(
    fc.record({
      by: fc.nat({ max: VERSIONS.length - 1 }),
      frame: hostileFrame,
      pause: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30, size: "max" },
  ),
});

Deno.test("property: nothing on the wire touches another socket, or reaches onError", async () => {
  const seen = { texts: 0, bytes: 0, answered: 0, refused: 0, closed: 0 };
  await fc.assert(
    fc.asyncProperty(history, async ({ isSlow, isIn, steps }) => {
      const errors: unknown[] = [];
      using server = new PresenceServer<TopicModel>({ epoch: "e" });
      const topics = new TopicPresence(server);
      using endpoint = new PhoenixEndpoint(topics, {
        limits: LIMITS,
        onError: (error) => void errors.push(error),
        join: () => isSlow ? Promise.resolve({}) : {},
      });
      const good: GoodClient[] = [];
      for (const topic of TOPICS) {
        good.push(await GoodClient.join(endpoint, topic));
      }
      const hostile: MemoryClient[] = [];
      for (const { by, frame, pause } of steps) {
        let client = hostile[by];
        if (client === undefined || client.closeCode !== undefined) {
          client = await MemoryClient.connect(endpoint, `vsn=${VERSIONS[by]}`);
          hostile[by] = client;
          if (isIn) enter(client, VERSIONS[by]);
        }
        client.say(frame);
        if (pause) await flush();
        if (client.closeCode !== undefined) seen.closed++;
        for (const reply of client.frames.splice(0)) {
          if (typeof reply !== "string") continue;
          if (reply.includes('"status":"ok"')) seen.answered++;
          if (reply.includes('"status":"error"')) seen.refused++;
        }
      }
      await flush();
      for (const frame of good.flatMap((client) => client.notice(topics))) {
        if (typeof frame === "string") seen.texts++;
        else seen.bytes++;
      }
      assertEquals(errors, []);
    }),
    { numRuns: RUNS.numRuns },
  );
  // Else what was sent was too harmless, or too silly, to say anything.
  for (const [what, count] of Object.entries(seen)) {
    assertGreater(count, RUNS.numRuns / 10, what);
  }
});

Deno.test("property: over real sockets, too, nobody notices what others send", async () => {
  await using service = serve({ limits: LIMITS });
  await using good = await Client.connect(service);
  const params = { key: "good", meta: { good: true } };
  await good.join("room", params);
  const screen = new Screen("room").show(await good.rest());
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileFrame, { minLength: 1, maxLength: 50, size: "max" }),
      async (frames) => {
        await using hostile = await Client.connect(service);
        for (const frame of frames) {
          if (hostile.isOpen) hostile.send(frame);
        }
        await hostile.close();
        const got = await good.rest();
        for (const frame of got) {
          const sent = frame instanceof Uint8Array
            ? frame
            : JSON.stringify(frame);
          assertReadable("room", sent);
        }
        screen.show(got);
        assert(good.isOpen);
        assert(service.topics.isPresent("room", "good"));
      },
    ),
    { numRuns: Math.ceil(RUNS.numRuns / 20) },
  );
  const viewer = { ...PUBLIC_VIEWER, subject: "good" };
  assertEquals(screen.list(), service.topics.list("room", viewer));
});
