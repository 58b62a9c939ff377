import {
  assert,
  assertEquals,
  assertNotEquals,
  assertObjectMatch,
  assertStringIncludes,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceModel } from "../../../core/mod.ts";
import { PresenceServer, PresenceView } from "../../mod.ts";
import { flush, update } from "../../testing/harness.ts";
import { listen } from "../../testing/listen.ts";
import { disconnectSignal } from "./changes_stream.ts";
import { createHttpHandler, type Identity } from "../mod.ts";
import type { ServedPresence } from "../served.ts";
import type { SseBlock } from "../../client/http/sse_parser.ts";
import {
  blamed,
  byCookie,
  EventReader,
  identity,
  isRecord,
  records,
  type Send,
  sendTo,
} from "../testing/service.ts";
import { readBatch } from "../../client/http/read_answer.ts";

const PATH = "/v1/changes?context=doc-1";

/** Watches doc-1, from an optional position. */
async function watch(
  send: Send,
  lastEventId?: string,
  headers: Record<string, string> = {},
): Promise<EventReader> {
  const resume: Record<string, string> = lastEventId === undefined
    ? {}
    : { "last-event-id": lastEventId };
  return new EventReader(
    await send(PATH, { headers: { ...headers, ...resume } }),
  );
}

/** Returns the first event of a watch. */
async function firstOf(send: Send): Promise<SseBlock> {
  const events = await watch(send);
  const block = await events.next();
  await events.cancel();
  assert(block !== undefined);
  return block;
}

/** A server that counts its open watches. */
interface Counting extends ServedPresence {
  open: number;
  /** Called when a watch has ended. */
  onEnd?: () => void;
}

function counting(server: PresenceServer): Counting {
  return {
    open: 0,
    get closed() {
      return server.closed;
    },
    get store() {
      return server.store;
    },
    get now() {
      return server.now;
    },
    get steadyNow() {
      return server.steadyNow;
    },
    receiveAll: (updates) => server.receiveAll(updates),
    withdraw: (key) => server.withdraw(key),
    changesSince: () => {
      throw new Error("not asked for here");
    },
    lastSeen: (...query) => server.lastSeen(...query),
    follow: (context) => server.follow(context),
    locate: (subject) => server.locate(subject),
    watch(options = {}) {
      this.open++;
      options.signal?.addEventListener("abort", () => {
        this.open--;
        this.onEnd?.();
      }, { once: true });
      return server.watch(options);
    },
  };
}

Deno.test("GET /v1/changes gives an id only to the last part of a baseline", async () => {
  using server = new PresenceServer();
  server.receiveAll(
    Array.from({ length: 2_500 }, (_, index) =>
      update({
        subject: `s${index}`,
      })),
  );
  const send = sendTo(createHttpHandler(server));
  const events = await watch(send);
  const blocks: (SseBlock | undefined)[] = [];
  for (let part = 0; part < 3; part++) blocks.push(await events.next());
  assertEquals(blocks.map((block) => block?.event), Array(3).fill("baseline"));
  assertEquals(blocks.map((block) => block?.id !== undefined), [
    false,
    false,
    true,
  ]);
  const view = new PresenceView();
  for (const block of blocks) view.apply(readBatch(block?.data ?? ""));
  assertEquals(view.subjects("doc-1").length, 2_500);
  await events.cancel();
});

Deno.test("GET /v1/changes resumes after Last-Event-ID", async () => {
  using server = new PresenceServer();
  const send = sendTo(createHttpHandler(server));
  const first = await watch(send);
  const { id } = await first.next() ?? {};
  await first.cancel();
  server.receive(update());
  const second = await watch(send, id);
  assertObjectMatch(await second.data(), {
    type: "changes",
    changes: [{ snapshot: { subject: "alice" } }],
  });
  await second.cancel();
});

Deno.test("GET /v1/changes resumes after since, unless there is a Last-Event-ID", async () => {
  using server = new PresenceServer();
  const send = sendTo(createHttpHandler(server));
  const tokenNow = async () => {
    const response = await send("/v1/presence?context=doc-1");
    const { cursor } = await response.json();
    return String(cursor);
  };
  const old = await tokenNow();
  server.receive(update());
  const recent = await tokenNow();
  server.receive(update({ subject: "bob" }));
  const path = `${PATH}&since=${encodeURIComponent(old)}`;
  const since = new EventReader(await send(path));
  assertEquals(records((await since.data()).changes).length, 2);
  await since.cancel();
  const headers = { "last-event-id": recent };
  const resumed = new EventReader(await send(path, { headers }));
  assertEquals(records((await resumed.data()).changes).length, 1);
  await resumed.cancel();
});

Deno.test("GET /v1/changes gives a baseline after a gap, a restart or an invalid id", async () => {
  using server = new PresenceServer({ retention: 1, epoch: "a" });
  const send = sendTo(createHttpHandler(server));
  const first = await watch(send);
  const { id = "" } = await first.next() ?? {};
  await first.cancel();
  server.receiveAll([update(), update({ subject: "bob" })]);
  using restarted = new PresenceServer({ epoch: "b" });
  const again = sendTo(createHttpHandler(restarted));
  const future = id.replace("a.0.0.", "a.0.99.");
  assertNotEquals(future, id);
  const places: [Send, string][] = [
    [send, id],
    [again, id],
    [send, future],
    [send, "nonsense"],
    [send, ""],
  ];
  for (const [where, token] of places) {
    const events = await watch(where, token);
    assertEquals((await events.data()).type, "baseline", token);
    await events.cancel();
  }
});

Deno.test("GET /v1/changes keeps the connection alive and the position current", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer({ epoch: "e" });
  const send = sendTo(createHttpHandler(server, {
    keepAliveMs: 1_000,
    authorize: () => identity(),
  }));
  const events = await watch(send);
  await events.next();
  for (let round = 1; round <= 3; round++) {
    const block = events.next();
    await flush();
    // A hidden change, or one of another context, only moves the position.
    server.receive(update({ visibility: "private", subject: `s${round}` }));
    time.tick(600);
    await flush();
    server.receive(update({ context: "doc-2", subject: `s${round}` }));
    time.tick(400);
    const { id = "", ...rest } = await block ?? {};
    assertEquals(rest, {});
    assertStringIncludes(id, `e.0.${round * 2}.`);
  }
  await events.cancel();
  assertEquals(server.store.size, 6);
});

Deno.test("GET /v1/changes sends its keep-alive interval", async () => {
  using server = new PresenceServer();
  const response = await sendTo(createHttpHandler(server))(PATH);
  assertEquals(response.headers.get("presence-keep-alive-ms"), "15000");
  assertEquals(
    response.headers.get("cache-control"),
    "no-store, no-transform",
  );
  await response.body?.cancel();
});

Deno.test("GET /v1/changes holds no more than a batch for a slow reader", async () => {
  using server = new PresenceServer({ retention: 100 });
  const serialized: number[] = [];
  const note = (n: number) => ({ toJSON: () => serialized.push(n) });
  interface NoteModel extends PresenceModel {
    facets: { note: { toJSON(): number } };
  }
  using noted = new PresenceServer<NoteModel>({ retention: 100 });
  const send = sendTo(createHttpHandler(noted));
  const events = await watch(send);
  await events.next();
  for (let n = 0; n < 1_000; n++) {
    noted.receive({
      subject: "alice",
      context: "doc-1",
      origin: "tab",
      visibility: "public",
      observedAt: 0,
      expiry: "never",
      facets: { note: note(n) },
    });
    await flush();
  }
  assertEquals(serialized, [], "nobody reads yet");
  assertEquals(
    (await events.data()).type,
    "baseline",
    "it fell too far behind",
  );
  assertEquals(serialized, [999]);
  await events.cancel();
  assertEquals(server.store.size, 0);
});

Deno.test("GET /v1/changes splits a batch that is too large for an event", async () => {
  using server = new PresenceServer({ epoch: "e" });
  const send = sendTo(createHttpHandler(server));
  const { id } = await firstOf(send);
  const subjects = Array.from({ length: 2_500 }, (_, n) => `s${n}`);
  server.receiveAll(subjects.map((subject) => update({ subject })));
  server.receive(update({ context: "doc-2" }));
  const events = await watch(send, id);
  const blocks: (SseBlock | undefined)[] = [];
  for (let part = 0; part < 3; part++) blocks.push(await events.next());
  await events.cancel();
  assertEquals(
    blocks.map((block) => block?.id?.split(".").slice(0, 3).join(".")),
    ["e.0.1000", "e.0.2000", "e.0.2501"],
  );
  const told = blocks.map((block) => JSON.parse(block?.data ?? ""));
  assertEquals(
    told.map(({ position, changes }) => [position.sequence, changes.length]),
    [[1_000, 1_000], [2_000, 1_000], [2_501, 500]],
  );
  const resumed = await watch(send, blocks[0]?.id);
  const [next] = records((await resumed.data()).changes);
  assertEquals(next?.sequence, 1_001);
  await resumed.cancel();
});

Deno.test("GET /v1/changes ends between the parts when the rights are revoked", async () => {
  using server = new PresenceServer();
  const rights = new AbortController();
  const send = sendTo(createHttpHandler(server, {
    authorize: () => identity({ signal: rights.signal }),
    limits: { changes: 1 },
  }));
  const { id } = await firstOf(send);
  server.receiveAll([update(), update({ subject: "bob" })]);
  const events = await watch(send, id);
  await events.next();
  rights.abort();
  assertEquals(await events.next(), undefined);
});

Deno.test("GET /v1/changes frees the watch when the reader cancels", async () => {
  using server = new PresenceServer();
  const served = counting(server);
  const send = sendTo(createHttpHandler(served, { keepAliveMs: 1_000 }));
  const begun = await watch(send);
  await begun.next();
  const waiting = await watch(send);
  await waiting.next();
  const pending = waiting.next();
  await flush();
  assertEquals(served.open, 2);
  await begun.cancel();
  assertEquals(served.open, 1);
  await waiting.cancel();
  assertEquals(await pending, undefined);
  // The sanitizers would find the timer of an open watch.
  assertEquals(served.open, 0);
});

Deno.test("GET /v1/changes frees the watch when a socket is closed", async () => {
  using server = new PresenceServer();
  const served = counting(server);
  const http = listen(createHttpHandler(served));
  const gone = new AbortController();
  const { signal } = gone;
  const base = `http://127.0.0.1:${http.addr.port}`;
  const events = new EventReader(await fetch(`${base}${PATH}`, { signal }));
  await events.next();
  assertEquals(served.open, 1);
  const pending = events.next().catch(() => "cut");
  const ended = new Promise<void>((resolve) => served.onEnd = resolve);
  gone.abort();
  assertEquals(await pending, "cut");
  await ended;
  assertEquals(served.open, 0);
  await http.shutdown();
});

Deno.test("disconnectSignal() is for adapters that don't cancel the body", () => {
  const request = new Request("http://localhost/");
  assertEquals(disconnectSignal(request, "Deno/2.9.6"), undefined);
  assertEquals(disconnectSignal(request, "Node.js/22"), request.signal);
  assertEquals(disconnectSignal(request, ""), request.signal);
});

Deno.test("GET /v1/changes ends when the reader stalls for a minute", async () => {
  using time = new FakeTime();
  using server = new PresenceServer();
  const handler = createHttpHandler(server);
  const { body } = await sendTo(handler)(PATH);
  const reader = body?.getReader();
  assert(reader !== undefined);
  // A reader that waits for the next event has not stalled.
  for (let event = 0; event < 20; event++) {
    const read = reader.read();
    await time.tickAsync(15_000);
    assert(!(await read).done);
  }
  await time.tickAsync(59_000);
  assertEquals(handler.stats.streams, 1);
  await time.tickAsync(1_000);
  assertEquals(handler.stats.streams, 0);
  assert((await reader.read()).done);
});

Deno.test("GET /v1/changes ends when the rights are revoked", async () => {
  using server = new PresenceServer();
  const rights = new AbortController();
  const people: Record<string, Identity> = {
    alice: identity({ subject: "alice", signal: rights.signal }),
  };
  const handler = createHttpHandler(server, {
    authorize: byCookie(people),
    limits: { streams: 1 },
  });
  const send = sendTo(handler);
  const headers = { cookie: "user=alice" };
  const events = await watch(send, undefined, headers);
  await events.next();
  const pending = events.next();
  await flush();
  rights.abort();
  assertEquals(await pending, undefined);
  const late = await send(PATH, { headers });
  assertEquals(await blamed(late, 401), [], "the signal is still aborted");
});

Deno.test("GET /v1/changes writes a batch once for all watchers with equal rights", async () => {
  interface NoteModel extends PresenceModel {
    facets: { note: { toJSON(): string } };
  }
  using server = new PresenceServer<NoteModel>();
  const people: Record<string, Identity> = {
    alice: identity({ subject: "alice" }),
    bob: identity({ subject: "bob" }),
    root: identity({ viewer: { restricted: "all", private: true } }),
  };
  const send = sendTo(createHttpHandler(server, {
    authorize: byCookie(people),
  }));
  const readers: EventReader[] = [];
  for (const name of ["alice", "alice", "bob", "bob", "root"]) {
    readers.push(await watch(send, undefined, { cookie: `user=${name}` }));
  }
  for (const reader of readers) await reader.next();
  const pending = readers.map((reader) => reader.next());
  await flush();
  let written = 0;
  server.receive({
    subject: "carol",
    context: "doc-1",
    origin: "tab",
    visibility: "public",
    observedAt: 0,
    expiry: "never",
    facets: { note: { toJSON: () => `written ${++written}` } },
  });
  const blocks = await Promise.all(pending);
  // Update and snapshot both hold the note, for two kinds of rights.
  assertEquals(written, 4);
  const data = blocks.map((block) => block?.data);
  assertEquals(new Set(data).size, 2);
  assertEquals(new Set(blocks.map((block) => block?.id)).size, 3);
  for (const reader of readers) await reader.cancel();
});

Deno.test("GET /v1/changes reports a batch that can't be written", async () => {
  interface LargeModel extends PresenceModel {
    facets: { large: bigint };
  }
  using server = new PresenceServer<LargeModel>();
  const errors: unknown[] = [];
  const handler = createHttpHandler(server, {
    onError: (error) => errors.push(error),
  });
  server.receive({
    subject: "alice",
    context: "doc-1",
    origin: "tab",
    visibility: "public",
    observedAt: 0,
    expiry: "never",
    facets: { large: 1n },
  });
  const events = await watch(sendTo(handler));
  const failed: unknown = await events.next().catch((error) => error);
  assert(failed instanceof TypeError);
  assertEquals(errors, [failed]);
});

Deno.test("GET /v1/changes sends all that a view needs", async () => {
  using time = new FakeTime(1_000);
  using server = new PresenceServer();
  const send = sendTo(createHttpHandler(server, {
    authorize: () => identity(),
  }));
  const events = await watch(send);
  const local = server.watch({
    context: "doc-1",
    viewer: { restricted: [], private: false },
  });
  const next = async () => {
    const [batch, block] = await Promise.all([local.next(), events.next()]);
    const data = block?.data ?? "";
    assertEquals(readBatch(data), batch.value);
    const value: unknown = JSON.parse(data);
    const changes = isRecord(value) ? value.changes ?? [] : [];
    return records(changes).map(({ type }) => type);
  };
  assertEquals(await next(), []);
  const key = { resource: "tab" };
  server.receiveAll([
    update({
      ...key,
      expiry: 5_000,
      facets: { activity: "editing" },
      facetDeadlines: { activity: 2_000 },
    }),
    update({ resource: undefined }),
    update({ resource: undefined, visibility: "private" }),
    update({ resource: undefined }),
  ]);
  const types = ["published", "published", "hidden", "published"];
  assertEquals(await next(), types);
  time.tick(1_000);
  assertEquals(await next(), ["facetsExpired"]);
  time.tick(3_000);
  assertEquals(await next(), ["expired"]);
  server.withdraw({ subject: "alice", context: "doc-1", origin: "tab" });
  assertEquals(await next(), ["withdrawn"]);
  await events.cancel();
  await local.return?.();
});
