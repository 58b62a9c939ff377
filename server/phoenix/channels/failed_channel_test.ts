import { assertEquals, assertMatch } from "@std/assert";
import {
  type TopicListener,
  type TopicListening,
  type TopicMessage,
  TopicPresence,
  type TopicViewer,
} from "../../topics/mod.ts";
import { flush } from "../../testing/harness.ts";
import type { PhoenixIdentity } from "../mod.ts";
import { type Frame, Screen } from "../testing/client.ts";
import { inProcess, type InProcessOptions } from "../testing/in_process.ts";
import { byName, identity } from "../testing/service.ts";

const FAILURE = new Error("The listening has failed");

/** Topics whose channel fails. */
class FailingTopics extends TopicPresence {
  /** Who is told the next message, and then nothing more. */
  failing: string | undefined;

  override listen(
    topic: string,
    listener: TopicListener<TopicMessage>,
    options?: { readonly viewer?: TopicViewer | undefined },
  ): TopicListening {
    return super.listen(topic, {
      take: (message) => {
        const hasRoom = listener.take(message);
        if (options?.viewer?.subject === this.failing) throw FAILURE;
        return hasRoom;
      },
      end: () => listener.end(),
      fail: (error) => listener.fail(error),
    }, options);
  }
}

/** How somebody is in a topic. */
interface Kind {
  readonly topic: string;
  readonly params: object;
}

const KINDS: Record<string, Kind> = {
  "a topic": { topic: "room", params: { meta: {} } },
  "a document": {
    topic: "document:1",
    params: { name: "Ada", workspace_id: "acme" },
  },
};

/** The joins and leaves that some frames show on a screen. */
function movesOn(screen: Screen, frames: readonly Frame[]): string[] {
  const keys = () => screen.list().map(({ key }) => key);
  return frames.flatMap((frame) => {
    const before = keys();
    screen.show([frame]);
    const after = keys();
    const event = JSON.stringify(frame).match(/user_(joined|left)/)?.[0];
    return [
      ...after.filter((key) => !before.includes(key)).map((key) => `+${key}`),
      ...before.filter((key) => !after.includes(key)).map((key) => `-${key}`),
      ...event === undefined ? [] : [event],
    ];
  });
}

/** Ada, whose channel has failed, and bob who sees her. */
async function withFailed(
  { topic, params }: Kind,
  fresh: Partial<PhoenixIdentity> = {},
  options: InProcessOptions = {},
) {
  const errors: unknown[] = [];
  let topics: FailingTopics | undefined;
  const service = inProcess({
    server: { graceMs: 10_000 },
    authorize: byName({
      ada: identity({ subject: "ada" }),
      bob: identity({ subject: "bob" }),
    }),
    accessToken: () => identity({ subject: "ada", ...fresh }),
    topics: (server) => topics = new FailingTopics(server),
    onError: (error) => void errors.push(error),
    ...options,
  });
  const join = async (user: string, joined: object) => {
    const client = await service.connect(user);
    client.say(["1", "1", topic, "phx_join", joined]);
    await flush();
    return client;
  };
  const ada = await join("ada", params);
  const bob = await join("bob", {});
  const screen = new Screen(topic).show(bob.take());
  const fail = async (failing: string | undefined) => {
    if (topics !== undefined) topics.failing = failing;
    await flush();
  };
  // Ada sees eve, and nobody after her.
  await fail("ada");
  service.topics.track(topic, "eve", {});
  await flush();
  await fail(undefined);
  const frames = ada.take().filter(([, , , event]) => event === "phx_error");
  screen.show(bob.take());
  return {
    service,
    ada,
    bob,
    errors,
    /** The frames that ada got about the failure. */
    frames,
    /** Says something in the topic, and gives the reply. */
    async call(event: string, payload: object = {}, joinRef = "1") {
      ada.say([joinRef, "9", topic, event, payload]);
      await flush();
      return ada.take().find(([, ref]) => ref === "9")?.[4];
    },
    /** How many entries ada has: a workspace has one of its own. */
    get entries() {
      return service.server.store
        .snapshots({ context: topic, subject: "ada" }).length;
    },
    /** The joins and leaves that bob has seen since the last call. */
    async seen() {
      await flush();
      return movesOn(screen, bob.take());
    },
    [Symbol.dispose]: () => service[Symbol.dispose](),
  };
}

const REFUSED = { status: "error", response: { reason: "unauthorized" } };

for (const [what, kind] of Object.entries(KINDS)) {
  const { topic, params } = kind;

  Deno.test(`a failed channel of ${what} is no longer joined, and nobody sees its client leave`, async () => {
    using room = await withFailed(kind);
    assertEquals(room.frames, [
      ["1", "1", topic, "phx_error", { reason: "channel_crash" }],
    ]);
    assertEquals(room.errors, [FAILURE]);
    assertEquals(room.ada.socket.topics, []);
    assertEquals(room.ada.socket.track(topic, {}), false);
    assertMatch(JSON.stringify(await room.call("wave")), /unmatched topic/);
    room.service.topics.track(topic, "dan", {});
    await flush();
    assertEquals(room.ada.take(), [], "it receives nothing more");
    assertEquals(room.entries, 1);
    const moves = await room.seen();
    assertEquals(moves.filter((move) => /-ada|left/.test(move)), []);
  });

  Deno.test(`a client that rejoins ${what} by the same socket after a failure has not been away, and is there once`, async () => {
    using room = await withFailed(kind);
    room.ada.say(["2", "2", topic, "phx_join", params]);
    await flush();
    const events = room.ada.take().map(([joinRef, , , event]) =>
      `${joinRef} ${event}`
    );
    assertEquals(
      events.filter((event) => event.startsWith("2")),
      ["2 phx_reply", "2 presence_state"],
    );
    assertEquals(events.includes("1 phx_close"), false, "it knows that");
    assertEquals(room.entries, 1);
    assertEquals(await room.seen(), []);
    await room.service.seconds(60);
    assertEquals(room.entries, 1);
    room.ada.socket.kick();
    assertEquals(room.entries, 0);
  });

  Deno.test(`a client that rejoins ${what} after a failure, and may not, leaves at once`, async () => {
    const rights = { canRead: true };
    const ada = identity({ subject: "ada", canRead: () => rights.canRead });
    using room = await withFailed(kind, {}, {
      authorize: byName({ ada, bob: identity({ subject: "bob" }) }),
    });
    rights.canRead = false;
    assertEquals(await room.call("phx_join", params, "9"), REFUSED);
    assertEquals(room.service.server.store.snapshots({ subject: "ada" }), []);
    assertEquals((await room.seen()).includes("-ada"), true);
  });

  Deno.test(`a client that leaves ${what} after a failure is removed at once`, async () => {
    using room = await withFailed(kind);
    const reply = await room.call("phx_leave");
    assertEquals(reply, { status: "ok", response: {} });
    assertEquals(room.service.server.store.snapshots({ subject: "ada" }), []);
  });

  Deno.test(`code on the server ends what a failed channel of ${what} holds`, async () => {
    using room = await withFailed(kind);
    assertEquals(room.ada.socket.untrack(topic), false, "it is not joined");
    assertEquals(room.service.server.store.snapshots({ subject: "ada" }), []);
  });

  for (const right of ["canRead", "canWrite"]) {
    Deno.test(`a fresh token without ${right} ends what a failed channel of ${what} holds`, async () => {
      const isAllowed = (context: unknown) => context === "other";
      using room = await withFailed(kind, { [right]: isAllowed });
      room.ada.say(["7", "7", "other", "phx_join", {}]);
      room.ada.say([null, "8", "other", "access_token", { access_token: "x" }]);
      await flush();
      assertEquals(room.service.server.store.snapshots({ subject: "ada" }), []);
      assertEquals(room.ada.socket.topics, ["other"]);
    });
  }

  Deno.test(`what a failed channel of ${what} holds has its grace when the socket is lost`, async () => {
    using room = await withFailed(kind);
    room.ada.socket.lost();
    await room.service.seconds(9);
    assertEquals(room.entries, 1);
    await room.service.seconds(2);
    assertEquals(room.service.server.store.snapshots({ subject: "ada" }), []);
  });

  Deno.test(`a failed channel of ${what} does not count against the limit`, async () => {
    using room = await withFailed(kind, {}, { limits: { topics: 1 } });
    room.ada.say(["7", "7", "other", "phx_join", {}]);
    await flush();
    assertEquals(room.ada.socket.topics, ["other"]);
    const { response } = await room.call("phx_join", params, "9") ?? {};
    assertEquals(response, { reason: "too many channels joined" });
    assertEquals(room.service.server.store.snapshots({ subject: "ada" }), []);
    assertEquals((await room.seen()).includes("-ada"), true);
  });
}
