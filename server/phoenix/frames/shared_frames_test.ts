/**
 * A frame that many get is written once.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import { type InProcess, inProcess } from "../testing/in_process.ts";

/** How many members the room has. */
const MEMBERS = 10;

/** Keeps what is written as JSON, until it is disposed of. */
function spyOnJson(): { readonly written: object[] } & Disposable {
  const { stringify } = JSON;
  const written: object[] = [];
  Object.assign(JSON, {
    stringify(...args: Parameters<typeof stringify>) {
      const [value]: unknown[] = args;
      if (typeof value === "object" && value !== null) written.push(value);
      return stringify(...args);
    },
  });
  return {
    written,
    [Symbol.dispose]: () => void Object.assign(JSON, { stringify }),
  };
}

/** How often something is written, of what happens in a room of many. */
async function timesWritten(
  act: (service: InProcess) => void,
  isMeant: (value: object) => boolean,
  event: string,
): Promise<number> {
  using service = inProcess();
  service.topics.track("room", "ada", {});
  const members = [];
  for (let turn = 0; turn < MEMBERS; turn++) {
    const config = { broadcast: { self: true } };
    members.push(await service.member({ config }));
  }
  using spy = spyOnJson();
  act(service);
  await flush();
  for (const member of members) {
    const events = member.take().map((frame) => frame[3]);
    assertEquals(events.filter((name) => name === event).length, 1);
  }
  return spy.written.filter(isMeant).length;
}

Deno.test("a diff is written once for all receivers", async () => {
  const times = await timesWritten(
    ({ topics }) => void topics.track("room", "bob", {}),
    (value) => "joins" in value,
    "presence_diff",
  );
  assertEquals(times, 1);
});

Deno.test("a state is written once for all receivers", async () => {
  const times = await timesWritten(
    ({ endpoint }) => {
      for (const socket of endpoint.sockets) {
        socket.setViewer("room", { restricted: ["team"], private: false });
      }
    },
    (value) => "ada" in value,
    "presence_state",
  );
  assertEquals(times, 1);
});

Deno.test("a broadcast is written once for all receivers", async () => {
  const times = await timesWritten(
    ({ endpoint }) => {
      const [first] = endpoint.sockets;
      first?.receive('["1","2","room","wave",{"hand":"left"}]');
    },
    (value) => "hand" in value,
    "wave",
  );
  assertEquals(times, 1);
});

Deno.test("a happening in a document is written once for all receivers", async () => {
  using service = inProcess();
  const ada = await service.reader({ key: "ada", name: "Ada" });
  const readers = [];
  for (let turn = 0; turn < MEMBERS; turn++) {
    readers.push(await service.reader());
  }
  for (const reader of readers) reader.take();
  using spy = spyOnJson();
  const cursor = { line: 1, column: 2, offset: 3 };
  ada.say(["1", "2", "document:1", "cursor", { cursor }]);
  await flush();
  for (const reader of readers) {
    assertEquals(reader.take().map((frame) => frame[3]), ["presence"]);
  }
  const times = spy.written.filter((value) => "event_type" in value).length;
  assertEquals(times, 1);
});
