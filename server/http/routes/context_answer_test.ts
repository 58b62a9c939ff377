import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { PresenceServer } from "../../mod.ts";
import { flush, keyOf, update } from "../../testing/harness.ts";
import { createHttpHandler, type HttpHandlerOptions } from "../mod.ts";
import {
  identity,
  isRecord,
  read,
  records,
  type Send,
  sendTo,
} from "../testing/service.ts";

const PATH = "/v1/presence?context=doc-1";

/** A service with subjects that are named by numbers of four digits. */
interface LongList extends Disposable {
  readonly server: PresenceServer;
  readonly send: Send;
}

function longList(
  subjects: number,
  options: HttpHandlerOptions = {},
): LongList {
  const server = new PresenceServer();
  for (let n = 0; n < subjects; n++) {
    server.receive(update({ subject: nameOf(n) }));
  }
  const limits = { page: 100_000 };
  const handler = createHttpHandler(server, { limits, ...options });
  return {
    server,
    send: sendTo(handler),
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}

function nameOf(n: number): string {
  return `${n}`.padStart(4, "0");
}

/** Reads an answer chunk by chunk. */
class ChunkReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  text = "";
  chunks = 0;

  constructor({ body }: Response) {
    assert(body !== null);
    this.#reader = body.getReader();
  }

  /** Reads the next chunk; returns whether there was one. */
  async next(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    this.text += new TextDecoder().decode(value);
    this.chunks++;
    return true;
  }

  async toEnd(): Promise<Record<string, unknown>> {
    while (await this.next());
    const answer: unknown = JSON.parse(this.text);
    assert(isRecord(answer));
    return answer;
  }
}

function subjectsIn({ summaries }: Record<string, unknown>): unknown[] {
  return records(summaries).map(({ subject }) => subject);
}

Deno.test("a long list arrives in chunks", async () => {
  using list = longList(2_500);
  const chunks = new ChunkReader(await list.send(PATH));
  const answer = await chunks.toEnd();
  assertEquals(chunks.chunks, 3);
  assertEquals(answer.count, 2_500);
  assertEquals(
    subjectsIn(answer),
    Array.from({ length: 2_500 }, (_, n) => nameOf(n)),
  );
  assertEquals(answer.next, undefined);
});

Deno.test("a long list that a limit cuts says where it goes on", async () => {
  using list = longList(2_500);
  const page = await read(await list.send(`${PATH}&limit=2000`));
  assertEquals(subjectsIn(page).length, 2_000);
  const rest = await read(await list.send(`${PATH}&after=${page.next}`));
  assertEquals(subjectsIn(rest)[0], "2000");
  assertEquals(subjectsIn(rest).length, 500);
});

Deno.test("a long list with resources has as many as one answer may have", async () => {
  using list = longList(1_500, { limits: { page: 1_600 } });
  for (let n = 0; n < 1_500; n++) {
    list.server.receive(update({ subject: nameOf(n), resource: "phone" }));
  }
  const page = await read(await list.send(`${PATH}&resources=true`));
  const resources = records(page.summaries)
    .map(({ resources }) => records(resources).length);
  assertEquals(resources.reduce((a, b) => a + b), 1_600);
  assertEquals(page.next, nameOf(resources.length - 1));
});

Deno.test("no chunk of a long list is made before its reader asks for it", async () => {
  using list = longList(2_500);
  const chunks = new ChunkReader(await list.send(PATH));
  assert(await chunks.next());
  await flush();
  list.server.receive(update({ subject: "1000a" }));
  list.server.withdraw(keyOf({ subject: "2000" }));
  const subjects = subjectsIn(await chunks.toEnd());
  assert(subjects.includes("1000a"));
  assert(!subjects.includes("2000"));
});

Deno.test("a long list ends well if all who were left have gone", async () => {
  using list = longList(1_010);
  const chunks = new ChunkReader(await list.send(PATH));
  assert(await chunks.next());
  for (let n = 1_000; n < 1_010; n++) {
    list.server.withdraw(keyOf({ subject: nameOf(n) }));
  }
  assertEquals(subjectsIn(await chunks.toEnd()).length, 1_000);
});

Deno.test("a long list ends with the rights of its reader", async () => {
  const revoked = new AbortController();
  using list = longList(2_500, {
    authorize: () => identity({ signal: revoked.signal }),
  });
  const chunks = new ChunkReader(await list.send(PATH));
  assert(await chunks.next());
  revoked.abort();
  await assertRejects(() => chunks.next(), Error, "revoked");
});

Deno.test("a long list fails if the server closes, instead of ending as if it were whole", async () => {
  using list = longList(2_500);
  const chunks = new ChunkReader(await list.send(PATH));
  assert(await chunks.next());
  list.server[Symbol.dispose]();
  await assertRejects(() => chunks.next(), Error, "the server is closed");
});

Deno.test("a long list and the changes after its cursor are what is there (property)", async () => {
  const turn = fc.array(fc.nat({ max: 2_499 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(turn, turn, turn, async (...turns) => {
      using list = longList(2_200);
      const { server, send } = list;
      const chunks = new ChunkReader(await send(PATH));
      const there = new Set<string>();
      for (let n = 0; n < 2_200; n++) there.add(nameOf(n));
      const moved = new Set<string>();
      for (const turn of turns) {
        for (const subject of turn.map(nameOf)) {
          moved.add(subject);
          if (there.delete(subject)) server.withdraw(keyOf({ subject }));
          else {
            there.add(subject);
            server.receive(update({ subject }));
          }
        }
        await chunks.next();
      }
      const answer = await chunks.toEnd();
      const listed = subjectsIn(answer);
      assertEquals(listed, [...new Set(listed)].sort(), "in order, and once");

      const cursor = encodeURIComponent(String(answer.cursor));
      const changes = await read(
        await send(`/v1/changes?context=doc-1&since=${cursor}`, {
          headers: { accept: "application/json" },
        }),
      );
      const mirror = new Set(listed);
      for (const { type, snapshot, previous } of records(changes.changes)) {
        if (type === "published" && isRecord(snapshot)) {
          mirror.add(snapshot.subject);
        } else if (isRecord(previous)) mirror.delete(previous.subject);
      }
      assertEquals([...mirror].sort(), [...there].sort());
    }),
    { numRuns: Math.ceil(Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) / 50) },
  );
});
