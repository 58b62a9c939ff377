import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { documentUserJson } from "../../documents/mod.ts";
import { flush } from "../../testing/harness.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../internal.ts";
import { json, RUNS } from "../testing/arbitraries.ts";
import type { Frame } from "../testing/client.ts";
import { type InProcess, inProcess } from "../testing/in_process.ts";
import type { MemoryClient } from "../testing/memory_client.ts";

const TOPIC = "document:1";
const LIMIT = 1_000;

function fieldsOf(value: JsonValue | undefined): JsonObject {
  assert(isJsonObject(value), "no object");
  return value;
}

/** Of a person, what events tell as it changes. */
function shown(user: JsonObject): JsonObject {
  const { activity, cursor, is_typing, selection, viewport } = user;
  return fieldsOf(
    JSON.parse(
      JSON.stringify({ activity, cursor, is_typing, selection, viewport }),
    ),
  );
}

/** A document as a client has it that knows nothing but `presence` events. */
class Screen {
  readonly users = new Map<string, JsonObject>();
  readonly seen = new Map<string, number>();

  show(frames: readonly Frame[]): void {
    for (const [, , , event, { payload }] of frames) {
      if (event === "presence") this.#apply(fieldsOf(payload));
    }
  }

  #apply(payload: JsonObject): void {
    const { type, user_id } = payload;
    this.seen.set(String(type), (this.seen.get(String(type)) ?? 0) + 1);
    if (type === "state") {
      this.users.clear();
      assert(Array.isArray(payload.users));
      for (const user of payload.users.map(fieldsOf)) {
        this.users.set(String(user.user_id), shown(user));
      }
      return;
    }
    const id = String(user_id);
    const user = this.users.get(id);
    switch (type) {
      case "user_joined":
        assertEquals(user, undefined, "somebody joins who is there");
        this.users.set(id, shown(fieldsOf(payload.presence)));
        return;
      case "user_left":
        assert(this.users.delete(id), "somebody leaves who is not there");
        return;
      case "user_idle":
        return this.#change(id, { activity: "idle" });
      default: {
        const { type: _type, user_id: _id, ...change } = payload;
        return this.#change(id, change);
      }
    }
  }

  #change(id: string, change: JsonObject): void {
    const user = this.users.get(id);
    assert(user !== undefined, "an event is about somebody who is absent");
    this.users.set(id, { ...user, ...change });
  }
}

/** The people in the document, from the server. */
async function truth(
  { documents }: InProcess,
): Promise<Map<string, JsonObject>> {
  const { users } = await documents.activeUsers("1");
  return new Map(
    users.map((user) => [
      user.userId,
      shown(fieldsOf(JSON.parse(JSON.stringify(documentUserJson(user))))),
    ]),
  );
}

const place = fc.nat({ max: 3 });
const cursor = fc.record({ line: place, column: place, offset: place });
const selection = fc.record({
  anchor: cursor,
  head: cursor,
  is_backward: fc.boolean(),
});

/** Most of it makes sense. */
function mostly<T>(sensible: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: sensible }, json);
}

const message = fc.oneof(
  fc.tuple(
    fc.constant("cursor"),
    mostly(fc.record({
      cursor: mostly(cursor),
      selection: fc.oneof(fc.constant(null), mostly(selection)),
    }, { requiredKeys: ["cursor"] })),
  ),
  fc.tuple(fc.constant("typing"), mostly(fc.constant({}))),
  fc.tuple(
    fc.constant("viewport"),
    mostly(fc.record({
      top_line: mostly(place),
      bottom_line: mostly(place.map((line) => line + 3)),
      scroll_percentage: mostly(fc.integer({ min: 0, max: 100 })),
    })),
  ),
  fc.tuple(
    fc.constant("focus"),
    mostly(fc.record(
      { focused: mostly(fc.boolean()), hidden: mostly(fc.boolean()) },
      { requiredKeys: ["focused"] },
    )),
  ),
  fc.tuple(
    fc.constant("phx_join"),
    mostly(fc.record({
      key: mostly(fc.constantFrom("ada", "bob", "__proto__")),
      name: mostly(fc.constantFrom("Ada", "Bob")),
      workspace_id: mostly(fc.constantFrom("acme", "")),
      visibility: mostly(fc.constant("public")),
    }, { requiredKeys: [] })),
  ),
  fc.tuple(
    fc.constantFrom("phx_leave", "presence", "wave", "access_token"),
    mostly(fc.constant({ event: "track" })),
  ),
);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      by: fc.nat({ max: 2 }),
      frame: message.map(([event, payload]) =>
        ["1", "1", TOPIC, event, payload] as const
      ),
    }),
  },
  fc.record({ lost: fc.nat({ max: 2 }) }),
  { weight: 2, arbitrary: fc.record({ ms: fc.constantFrom(10, 100, 600) }) },
  fc.record({ ms: fc.constantFrom(1_000, 31_000, 301_000) }),
  fc.record({ stalled: fc.boolean() }),
);

/** Malicious clients, each of which has joined. */
async function crowd(service: InProcess): Promise<MemoryClient[]> {
  const names = ["ada", "bob", "ada"];
  return await Promise.all(
    names.map((key) => service.reader({ key, name: key })),
  );
}

Deno.test("property: a client that knows only presence events shows a document as it is", async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 30, size: "max" }),
      async (steps) => {
        using service = inProcess({
          server: { graceMs: 500 },
          documents: { maxPendingEvents: 4 },
          limits: { bufferedBytes: LIMIT, messagesPerSecond: 1e6 },
        });
        const watcher = await service.connect();
        watcher.say(["1", "1", TOPIC, "phx_join", {}]);
        const clients = await crowd(service);
        const screen = new Screen();
        for (const step of steps) {
          if ("by" in step) {
            clients[step.by]?.say(step.frame);
            await flush();
          } else if ("lost" in step) {
            clients[step.lost]?.socket.lost();
            clients[step.lost] = await service.connect();
          } else if ("ms" in step) {
            for (let left = step.ms; left > 0; left -= 30_000) {
              // A client that does not read and sends nothing counts as dead.
              watcher.say([null, "0", "phoenix", "heartbeat", {}]);
              await service.seconds(Math.min(left, 30_000) / 1_000);
            }
          } else {
            watcher.bufferedAmount = step.stalled ? LIMIT + 1 : 0;
          }
          screen.show(watcher.take());
        }
        watcher.bufferedAmount = 0;
        await service.seconds(0.1);
        screen.show(watcher.take());
        assertEquals(screen.users, await truth(service));
        for (const [type, count] of screen.seen) {
          seen.set(type, (seen.get(type) ?? 0) + count);
        }
        for (const { socket } of clients) socket.lost();
        await service.seconds(1);
        assertEquals(service.server.store.size, 0, "somebody is left");
      },
    ),
    { numRuns: Math.ceil(RUNS.numRuns / 5) },
  );
  const types = [
    "state",
    "user_joined",
    "user_left",
    "cursor_moved",
    "typing_changed",
    "viewport_changed",
    "activity_changed",
    "user_idle",
  ];
  for (const type of types) assertGreater(seen.get(type) ?? 0, 0, type);
});
