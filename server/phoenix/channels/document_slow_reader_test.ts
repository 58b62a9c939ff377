import { assert, assertEquals, assertLess } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import { type Frame, isFrame } from "../testing/client.ts";
import { Client } from "../testing/client.ts";
import { inProcess, type InProcessOptions } from "../testing/in_process.ts";
import { serve } from "../testing/service.ts";
import { TcpClient } from "../testing/tcp_client.ts";

const LIMIT = 65_536;
const TOPIC = "document:1";

function cursorAt(offset: number) {
  return { line: 0, column: offset, offset };
}

/** A document with a reader that can be made slow, and somebody in it. */
async function withReader(options: InProcessOptions = {}) {
  const service = inProcess({ limits: { bufferedBytes: LIMIT }, ...options });
  const ada = await service.documents
    .join("ada", { documentId: "1", name: "Ada" });
  const config = { presence: { enabled: false } };
  const slow = await service.reader({ config });
  const fast = await service.reader({ config });
  return {
    ...service,
    ada,
    slow,
    fast,
    /** Moves the cursor; it is sent at once. */
    async move(offset: number) {
      ada.updateCursor(cursorAt(offset));
      await service.seconds(0.05);
    },
    /** From now on the reader does not read. */
    stall: () => void (slow.bufferedAmount = LIMIT + 1),
    /** The reader reads all that waits, and all that follows. */
    async drain(): Promise<Frame[]> {
      slow.bufferedAmount = 0;
      await service.seconds(0.1);
      return slow.take();
    },
  };
}

/** Frames in short. */
function kinds(frames: readonly Frame[]): unknown[] {
  return frames.map(([, , , event, { payload }]) => {
    if (event !== "presence") return event;
    if (typeof payload !== "object" || payload === null) return undefined;
    if (!("type" in payload)) return undefined;
    if (!("cursor" in payload)) return payload.type;
    return [payload.type, payload.cursor];
  });
}

Deno.test("a client that does not read a document gets only the latest positions", async () => {
  using service = await withReader();
  service.stall();
  for (let offset = 1; offset <= 100; offset++) await service.move(offset);
  assertEquals(service.slow.take(), [], "nothing more waits for it");
  assertEquals(service.fast.take().length, 100, "others receive everything");
  const moves = kinds(await service.drain());
  assertEquals(moves, [["cursor_moved", cursorAt(100)]]);
  await service.move(101);
  assertEquals(kinds(service.slow.take()), [["cursor_moved", cursorAt(101)]]);
});

Deno.test("a client that does not read misses nobody who joins or leaves", async () => {
  using service = await withReader();
  service.stall();
  await service.move(1);
  const bob = await service.documents
    .join("bob", { documentId: "1", name: "Bob" });
  await flush();
  bob.updateCursor(cursorAt(7));
  await flush();
  bob[Symbol.dispose]();
  await flush();
  assertEquals(kinds(await service.drain()).map(String), [
    `cursor_moved,${cursorAt(1)}`,
    "user_joined",
    "user_left",
  ]);
});

Deno.test("a client that is too far behind gets a new state of the document", async () => {
  using service = await withReader({ documents: { maxPendingEvents: 10 } });
  service.stall();
  for (let turn = 0; turn < 20; turn++) {
    const id = `guest ${turn}`;
    await service.documents.join(id, { documentId: "1", name: id });
    await flush();
  }
  const frames = await service.drain();
  assertEquals(kinds(frames), ["state"]);
  const { users } = await service.documents.activeUsers("1");
  assert(JSON.stringify(frames[0]).includes(`guest 19`));
  assertEquals(users.length, 21);
});

Deno.test("a client that stopped reading while nothing happened in a document gets nothing", async () => {
  using service = await withReader();
  service.stall();
  await service.seconds(1);
  assertEquals(await service.drain(), []);
});

Deno.test("a client that leaves a document before it reads on gets nothing more of it", async () => {
  using service = await withReader();
  service.stall();
  await service.move(1);
  service.slow.say(["1", "2", TOPIC, "phx_leave", {}]);
  assertEquals(kinds(service.slow.take()), ["phx_reply", "phx_close"]);
  assertEquals(await service.drain(), []);
});

Deno.test("a client that is lost before it reads on gets nothing more, and leaves nothing behind", async () => {
  using service = await withReader();
  service.stall();
  await service.move(1);
  service.slow.socket.lost();
  assertEquals(await service.drain(), []);
  assertEquals(service.endpoint.sockets.size, 1);
});

Deno.test("over a network, a client that does not read a document changes nothing for others", async () => {
  await using service = serve({
    limits: {
      bufferedBytes: LIMIT,
      broadcastBytes: 2 * LIMIT,
      messagesPerSecond: 1e6,
    },
    documents: { cursorThrottleMs: 1 },
  });
  using slow = await TcpClient.connect(service);
  await slow.send(["1", "1", TOPIC, "phx_join", { key: "slow" }]);
  const read = async (): Promise<Frame> => {
    const frame: unknown = JSON.parse(await slow.read() ?? "null");
    assert(isFrame(frame));
    return frame;
  };
  while ((await read())[3] !== "presence");
  const [transport] = service.transports;
  assert(transport !== undefined);
  await using ada = await Client.connect(service);
  await ada.join(TOPIC, { key: "ada", name: "Ada" });
  const text = "x".repeat(LIMIT);
  // The system takes some megabytes before anything waits here.
  while (transport.bufferedAmount <= LIMIT) {
    await ada.done(TOPIC, "wave", { text });
  }
  let most = 0;
  const last = 300;
  await using bob = await Client.connect(service);
  await bob.join(TOPIC, { key: "bob" });
  for (let offset = 1; offset <= last; offset++) {
    await ada.done(TOPIC, "cursor", { cursor: cursorAt(offset) });
    most = Math.max(most, transport.bufferedAmount);
  }
  while (!JSON.stringify(await bob.event("presence")).includes(`:${last}}`));
  // One frame more than the limit, and what is around it.
  assertLess(most, 2 * LIMIT + 2_000);
  let moves = 0;
  let isThere = false;
  while (!isThere) {
    const frame = await read();
    if (frame[3] === "presence") moves++;
    isThere = frame[3] === "presence" &&
      JSON.stringify(frame).includes(`"offset":${last}}`);
  }
  assertLess(moves, 10);
});
