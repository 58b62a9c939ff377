/** Sockets while the wall clock is set. */

import { assertEquals } from "@std/assert";
import { flush, SetClock, STEPS } from "../testing/harness.ts";
import { TopicPresence } from "../topics/mod.ts";
import { inProcess } from "./testing/in_process.ts";

for (const step of STEPS) {
  const when = `when the clock is set by ${step / 1_000} s`;

  Deno.test(`a member stays, and leaves after the grace, ${when}`, async () => {
    const wall = new SetClock();
    using service = inProcess({
      server: { ...wall, graceMs: 10_000 },
      topics: (server) => new TopicPresence(server, { ttlMs: 30_000 }),
    });
    const client = await service.member({ meta: {}, key: "ada" });
    const heartbeat = async (ref: number) => {
      client.say([null, `${ref}`, "phoenix", "heartbeat", {}]);
      await flush();
    };
    const count = () => service.topics.countPresences("room");
    for (let beat = 0; beat < 6; beat++) {
      if (beat === 3) wall.ahead = step;
      await service.seconds(10);
      await heartbeat(beat + 10);
    }
    assertEquals(count(), 1);
    client.socket.lost();
    await service.seconds(9);
    assertEquals(count(), 1);
    await service.seconds(1);
    assertEquals(count(), 0);
  });

  Deno.test(`messages have their rate ${when}`, async () => {
    const wall = new SetClock();
    using service = inProcess({
      server: { ...wall },
      limits: { messagesPerSecond: 2 },
    });
    // The join is the first of four that may come at once.
    const client = await service.member();
    let ref = 10;
    const statuses = async (count: number) => {
      client.take();
      for (let turn = 0; turn < count; turn++) {
        client.say(["1", `${ref++}`, "room", "wave", {}]);
      }
      await flush();
      return client.take().map(([, , , , payload]) =>
        Reflect.get(Object(payload), "status")
      );
    };
    assertEquals(await statuses(4), ["ok", "ok", "ok", "error"]);
    wall.ahead = step;
    assertEquals(await statuses(1), ["error"]);
    await service.seconds(1);
    assertEquals(await statuses(3), ["ok", "ok", "error"]);
  });

  Deno.test(`broadcasts without a socket have their rate ${when}`, async () => {
    const wall = new SetClock();
    using service = inProcess({
      server: { ...wall },
      limits: { messagesPerSecond: 2 },
    });
    const status = async (count: number) => {
      const message = { topic: "room", event: "wave", payload: {} };
      const answer = await service.endpoint.broadcast(
        new Request("http://localhost/api/broadcast", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ messages: Array(count).fill(message) }),
        }),
      );
      await answer.body?.cancel();
      return answer.status;
    };
    assertEquals([await status(4), await status(1)], [202, 429]);
    wall.ahead = step;
    assertEquals(await status(1), 429);
    await service.seconds(1);
    assertEquals([await status(2), await status(1)], [202, 429]);
  });
}
