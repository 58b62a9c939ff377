import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { flush } from "../../testing/harness.ts";
import type {
  RedisConnector,
  RedisLine,
  RedisLinesListener,
  RedisServerLines,
} from "./connector.ts";
import { RedisUnavailableError } from "./errors.ts";
import { RedisLink } from "./redis_link.ts";

/** Connections to servers that do what the test says. */
class FakeRedis implements RedisConnector {
  /** What was told, by channel and message. */
  readonly published: string[] = [];
  /** What happens when a channel is subscribed to. */
  onSubscribe: (listener: RedisLinesListener) => void = () => {};
  /** The answer to INFO. */
  info = "cluster_enabled:1";
  /** What scripts fail with. */
  refusal = "NOSCRIPT No matching script.";
  /** Told by the connections that were made last. */
  listener: RedisLinesListener | undefined;
  readonly #slots: readonly string[];
  readonly #unanswered: ((answer: number) => void)[] = [];

  /** @param slots The slots of each server. */
  constructor(slots: readonly string[] = ["0-16383"]) {
    this.#slots = slots;
  }

  lines(listener: RedisLinesListener) {
    this.listener = listener;
    const servers = this.#slots.map((slots): RedisServerLines => {
      const line: RedisLine = {
        send: (args) => this.#answer(slots, args),
        subscribe: () => {
          this.onSubscribe(listener);
          return Promise.resolve();
        },
        unsubscribe: () => Promise.resolve(),
      };
      return { commands: line, subscriptions: line };
    });
    const done = () => Promise.resolve();
    return { servers, open: done, close: done };
  }

  /** Answers all that was published so far. */
  answer(): void {
    for (const resolve of this.#unanswered.splice(0)) resolve(1);
  }

  #answer(slots: string, args: readonly string[]): Promise<unknown> {
    const [command, channel, message] = args;
    switch (command) {
      case "EVALSHA":
        return Promise.reject(new Error(this.refusal));
      case "INFO":
        return Promise.resolve(this.info);
      case "CLUSTER":
        return Promise.resolve(`id :0@0 myself,master - 0 0 1 up ${slots}\n`);
      case "SPUBLISH":
        if (message === "") return Promise.resolve(0);
        this.published.push(`${channel} ${message}`);
        return new Promise((resolve) => this.#unanswered.push(resolve));
    }
    return Promise.resolve("OK");
  }
}

Deno.test("RedisLink tells of an interruption before all that comes after it", async () => {
  using time = new FakeTime();
  const redis = new FakeRedis();
  const told: string[] = [];
  const link = new RedisLink(redis, "probe", {
    onMessage: (_channel, message) => told.push(message),
    onInterrupted: () => told.push("interrupted"),
  });
  await link.open();
  await link.subscribe("news");
  redis.listener?.onMessage("news", "first");
  let count = 0;
  redis.onSubscribe = (listener) => {
    // One message for each turn: some while it opens, some when it is open.
    const tell = () => {
      listener.onMessage("news", "later");
      if (++count < 100) queueMicrotask(tell);
    };
    tell();
  };
  redis.listener?.onEnd(new Error("cut"));
  await time.tickAsync(100);
  await flush();
  assertEquals(told.slice(0, 3), ["first", "interrupted", "later"]);
  await link.close();
});

Deno.test("RedisLink opens nothing where a slot has no server", async () => {
  const link = new RedisLink(
    new FakeRedis(["0-4999 5001-9999", "10000-16383"]),
    "probe",
    { onMessage: () => {}, onInterrupted: () => {} },
  );
  await assertRejects(
    () => link.open(),
    RedisUnavailableError,
    "Cannot ask Redis: no server serves slot 5000",
  );
});

Deno.test("RedisLink begins anew where a script is not known any more", async () => {
  using time = new FakeTime();
  const redis = new FakeRedis();
  let interruptions = 0;
  const link = new RedisLink(redis, "probe", {
    onMessage: () => {},
    onInterrupted: () => interruptions++,
  });
  await link.open();
  const forgotten = link.command("key", ["EVALSHA", "sha1", "1", "key"]);
  const later = link.command("news", ["SPUBLISH", "news", "later"]);
  await assertRejects(() => forgotten, Error, "NOSCRIPT");
  await assertRejects(() => later, RedisUnavailableError, "NOSCRIPT");
  await time.tickAsync(100);
  await flush();
  assertEquals(interruptions, 1);
  assertEquals(await link.command("key", ["PING"]), "OK");
  await link.close();
});

Deno.test("RedisLink.slotOf() tells slots apart once a proxy has refused keys of several", async () => {
  using time = new FakeTime();
  const redis = new FakeRedis();
  redis.info = "cluster_enabled:0";
  redis.refusal = "CROSSSLOT Keys in request don't hash to the same slot";
  const link = new RedisLink(redis, "probe", {
    onMessage: () => {},
    onInterrupted: () => {},
  });
  await link.open();
  assertEquals(link.slotOf("a"), link.slotOf("b"));
  await assertRejects(
    () => link.command("a", ["EVALSHA", "sha1", "2", "a", "b"]),
    RedisUnavailableError,
    "CROSSSLOT",
  );
  assertEquals([link.slotOf("a"), link.slotOf("b")], [15_495, 3_300]);
  redis.listener?.onEnd(new Error("cut"));
  await time.tickAsync(100);
  await flush();
  assertEquals([link.slotOf("a"), link.slotOf("b")], [15_495, 3_300]);
  await link.close();
});

Deno.test("publish() drops what comes while too much is under way", async () => {
  using _time = new FakeTime();
  const redis = new FakeRedis();
  const link = new RedisLink(redis, "probe", {
    onMessage: () => {},
    onInterrupted: () => {},
  });
  link.publish("news", "too early");
  await link.open();
  for (let count = 0; count < 999; count++) link.publish("news", `${count}`);
  const last = link.command("news", ["SPUBLISH", "news", "last"]);
  link.publish("news", "too much");
  const waiting = link.command("news", ["SPUBLISH", "news", "waiting"]);
  assertEquals(redis.published.length, 1_000);
  redis.answer();
  await last;
  await flush();
  redis.answer();
  await waiting;
  link.publish("news", "again");
  assertEquals(redis.published.slice(999), [
    "news last",
    "news waiting",
    "news again",
  ]);
  await link.close();
});
