/**
 * Documents as the clients of others see them, unchanged, over real sockets.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { JsonObject } from "../../internal.ts";
import { eventually } from "../../testing/waiting.ts";
import { PhoenixClient } from "../testing/phoenix_client.ts";
import { identity, serve, type Service } from "../testing/service.ts";
import { SupabaseClient } from "../testing/supabase_client.ts";

const TOPIC = "document:1";
const LONG_GRACE = { server: { graceMs: 60_000 } };
const CURSOR = { line: 3, column: 4, offset: 50 };

/** Whether it is an object, of what came as JSON. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}

/** phoenix.js in a document, with the happenings that it got. */
class Editor implements AsyncDisposable {
  readonly client: PhoenixClient;

  static async open(service: Service, params: object): Promise<Editor> {
    return new Editor(await PhoenixClient.join(service, params, TOPIC));
  }

  private constructor(client: PhoenixClient) {
    this.client = client;
  }

  /** The happenings that it got, in order. */
  get told(): JsonObject[] {
    return this.client.happened.map((event) => {
      assert(isObject(event) && isObject(event.payload));
      assertEquals(event.event_type, "presence");
      assert(Number.isInteger(event.timestamp));
      return event.payload;
    });
  }

  /** Does something, which is to be done. */
  async does(event: string, payload: object = {}): Promise<void> {
    assertEquals(await this.client.push(event, payload), "ok");
  }

  /** Waits for a happening. */
  hears(what: string, fields: object): Promise<void> {
    const wanted = Object.entries({ type: what, ...fields })
      .map(([name, value]) => [name, JSON.stringify(value)] as const);
    return eventually(
      () =>
        this.told.some((payload) =>
          wanted.every(([name, json]) => JSON.stringify(payload[name]) === json)
        ),
      `it hears ${JSON.stringify(wanted)} in ${JSON.stringify(this.told)}`,
    );
  }

  /** The types of the happenings of a person. */
  of(userId: string): unknown[] {
    return this.told.filter(({ user_id }) => user_id === userId)
      .map(({ type }) => type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}

function ada(service: Service): Promise<Editor> {
  const params = { key: "ada", name: "Ada", avatar_url: "https://a.example" };
  return Editor.open(service, params);
}

function bob(service: Service): Promise<Editor> {
  return Editor.open(service, { key: "bob", name: "Bob" });
}

Deno.test("phoenix.js shows who is in a document, by both kinds of events", async () => {
  await using service = serve();
  await using one = await ada(service);
  await using other = await bob(service);
  await eventually(
    () => Object.keys(other.client.shown).join() === "ada,bob",
    "it lists both",
  );
  const [meta] = other.client.shown.ada ?? [];
  assert(typeof meta === "object" && meta !== null && "name" in meta);
  assertEquals(meta.name, "Ada");
  await eventually(() => other.told.length > 0, "it receives a state");
  const [state] = other.told;
  assertEquals([state?.type, state?.document_id], ["state", "1"]);
  assert(Array.isArray(state?.users));
  const [user] = state.users;
  assert(isObject(user));
  assertEquals([user.user_id, user.avatar_url], ["ada", "https://a.example"]);
  await one.hears("user_joined", { user_id: "bob" });
});

Deno.test("phoenix.js sends and shows positions and activity", async () => {
  await using service = serve();
  await using one = await ada(service);
  await using other = await bob(service);
  const user_id = "ada";

  await one.does("cursor", { cursor: CURSOR });
  await other.hears("cursor_moved", { user_id, cursor: CURSOR });
  const anchor = { line: 3, column: 9, offset: 55 };
  const selection = { anchor, head: CURSOR, is_backward: true };
  await one.does("cursor", { cursor: CURSOR, selection });
  await other.hears("cursor_moved", { user_id, selection });
  await other.hears("activity_changed", { user_id, activity: "selecting" });

  const viewport = { top_line: 0, bottom_line: 9, scroll_percentage: 0 };
  await one.does("viewport", viewport);
  await other.hears("viewport_changed", { user_id, viewport });

  await one.does("typing");
  await other.hears("typing_changed", { user_id, is_typing: true });
  await other.hears("typing_changed", { user_id, is_typing: false });

  await one.does("focus", { focused: false, hidden: true });
  await other.hears("activity_changed", { user_id, activity: "away" });
});

Deno.test("phoenix.js gets the reason of a refusal, and goes on", async () => {
  await using service = serve();
  await using one = await ada(service);
  assertMatch(
    await one.client.push("cursor", { cursor: { ...CURSOR, line: 0.5 } }),
    /^Cannot move cursor: cursor.line must be a whole number/,
  );
  const track = { event: "track", payload: {} };
  assertMatch(await one.client.push("presence", track), /nobody is tracked/);
  await one.does("cursor", { cursor: CURSOR });
});

Deno.test("phoenix.js sees a person leave a document by all their tabs", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await bob(service);
  await using tab = await ada(service);
  await using second = await ada(service);
  await tab.client.leave();
  await second.client.leave();
  await other.hears("user_left", { user_id: "ada" });
  assertEquals(other.of("ada"), ["user_joined", "user_left"]);
  assertEquals(other.client.told, ["+bob", "+ada", "-ada"]);
});

Deno.test("phoenix.js returns to a document after a reconnect, and nobody notices", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await bob(service);
  await using one = await ada(service);
  await other.hears("user_joined", { user_id: "ada" });
  const before = service.transports[1];
  before?.terminate();
  await eventually(() => service.transports.length === 3, "it is back");
  await eventually(() => one.client.channel.state === "joined", "it joins");
  await one.does("cursor", { cursor: CURSOR });
  await other.hears("cursor_moved", { user_id: "ada", cursor: CURSOR });
  assert(!other.of("ada").includes("user_left"));
  const states = one.told.filter(({ type }) => type === "state");
  assertEquals(states.length, 2, "it receives a new state");
});

Deno.test("phoenix.js with a token has the identity of the token", async () => {
  await using service = serve({
    authorize: () => identity({ subject: "ada" }),
    join: () => ({ stamp: { name: "Ada L." } }),
  });
  await using _one = await Editor.open(service, { key: "eve", name: "Eve" });
  const { users } = await service.documents.activeUsers("1");
  assertEquals(users.map(({ userId, name }) => [userId, name]), [
    ["ada", "Ada L."],
  ]);
});

Deno.test({
  name: "Supabase's client in document:1 is in another room",
  // Its `disconnect()` leaves a timer of 10 s.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using service = serve();
    await using one = await ada(service);
    await using client = await SupabaseClient.join(service, {
      key: "sue",
      room: TOPIC,
    });
    assertEquals(await client.channel.track({ tab: 1 }), "ok");
    await eventually(() => "sue" in client.shown, "it shows itself");
    assertEquals(Object.keys(client.shown), ["sue"]);
    const { users } = await service.documents.activeUsers("1");
    assertEquals(users.map(({ userId }) => userId), ["ada"]);
    assertEquals(Object.keys(one.client.shown), ["ada"]);
  },
});
