import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { restricted, type Visibility } from "../../core/mod.ts";
import {
  ContextAtCapacityError,
  OMNISCIENT_VIEWER,
  type PresenceServer,
  PUBLIC_VIEWER,
} from "../mod.ts";
import {
  fromWireMeta,
  InProcessChannels,
  type JsonValue,
  listMirror,
  type PresenceHandle,
  type PresenceMirror,
  stateJson,
  syncState,
  type TopicEntry,
  type TopicEvent,
  type TopicMeta,
  type TopicModel,
  type TopicPresence,
  type TopicViewer,
} from "./mod.ts";
import {
  Client,
  flush,
  Reader,
  RUNS,
  topics,
  update,
} from "./testing/harness.ts";

const TOPICS = ["t0", "t1"];
const ORIGINS = ["o0", "o1"];
const VIEWERS: TopicViewer[] = [
  OMNISCIENT_VIEWER,
  PUBLIC_VIEWER,
  { restricted: ["a"], private: false },
  { restricted: [], private: false, subject: "k0" },
  { restricted: "all", private: false, subject: "__proto__" },
];

const topic = fc.constantFrom(...TOPICS);
const key = fc.constantFrom("k0", "k1", "__proto__");
const origin = fc.constantFrom(undefined, ...ORIGINS);
const meta: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom(null, 0, {}, { phx_ref: "x" }, { name: "Ada" }, []),
  fc.jsonValue({ maxDepth: 2 }).map((value) =>
    JSON.parse(JSON.stringify(value))
  ),
);
const visibility = fc.constantFrom<Visibility>(
  "public",
  "public",
  "private",
  restricted("a"),
  restricted("b"),
);

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("track" as const),
      topic,
      key,
      meta,
      origin,
      visibility,
      ttlMs: fc.constantFrom(30, 200, Infinity),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("update" as const),
      handle: fc.nat(),
      meta,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("show" as const),
      handle: fc.nat(),
      meta,
      visibility,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("refresh" as const),
      handle: fc.nat(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("dispose" as const),
      handle: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      topic,
      key,
      activity: fc.constantFrom("idle" as const, "editing" as const),
      visibility,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("disconnect" as const, "withdraw" as const),
      origin: fc.constantFrom(...ORIGINS, "elsewhere"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("tick" as const), ms: fc.nat(150) }),
  },
);

type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

const history = fc.record({
  retention: fc.constantFrom(0, 2, 1_000),
  graceMs: fc.constantFrom(0, 100),
  maxSubjectsPerContext: fc.constantFrom(2, Infinity),
  // The changes of one turn make one batch.
  turns: fc.array(
    fc.record({
      commands: fc.array(command, { minLength: 1, maxLength: 4 }),
      // Which readers begin now, and which slow ones read at last.
      latecomer: fc.option(fc.nat(), { freq: 4 }),
      slow: fc.nat(),
    }),
    { minLength: 3, maxLength: 25 },
  ),
});

/** The state that the commands of a history change. */
class Subject {
  readonly #server: PresenceServer<TopicModel>;
  readonly #presence: TopicPresence;
  readonly #time: FakeTime;
  readonly #handles: PresenceHandle[] = [];
  /** Keys whose connections were shown or hidden later than they joined. */
  readonly shown = new Set<string>();
  /** Keys whose connections don't have names in the order in which they came. */
  readonly published = new Set<string>();
  tracked = 0;

  constructor(
    server: PresenceServer<TopicModel>,
    presence: TopicPresence,
    time: FakeTime,
  ) {
    this.#server = server;
    this.#presence = presence;
    this.#time = time;
  }

  run(command: Command): void {
    switch (command.do) {
      case "track":
        return this.#track(command);
      case "update":
        this.#handle(command.handle)?.update(command.meta);
        return;
      case "show": {
        const handle = this.#handle(command.handle);
        if (handle === undefined) return;
        const { visibility } = command;
        handle.update(command.meta, { visibility });
        this.shown.add(`${handle.topic}/${handle.key}`);
        return;
      }
      case "refresh":
        this.#handle(command.handle)?.refresh();
        return;
      case "dispose":
        this.#handle(command.handle)?.[Symbol.dispose]();
        return;
      case "publish":
        return this.#publish(command);
      case "disconnect":
        this.#server.disconnect(command.origin);
        return;
      case "withdraw":
        this.#server.withdrawOrigin(command.origin);
        return;
      case "tick":
        this.#time.tick(command.ms);
    }
  }

  #handle(index: number): PresenceHandle | undefined {
    return this.#handles[index % this.#handles.length];
  }

  #track(
    { do: _, topic, key, meta, ...options }: Extract<Command, { do: "track" }>,
  ): void {
    unlessFull(() => {
      this.#handles.push(this.#presence.track(topic, key, meta, options));
      this.tracked++;
    });
  }

  #publish(
    { topic: context, key: subject, activity, visibility }: Extract<
      Command,
      { do: "publish" }
    >,
  ): void {
    const facets = { activity };
    unlessFull(() => {
      this.#server.receive(update({ context, subject, visibility, facets }));
    });
    this.published.add(`${context}/${subject}`);
  }
}

function unlessFull(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ContextAtCapacityError)) throw error;
  }
}

/** A reader of a topic or its events, with the rights of a viewer. */
class Checked {
  readonly #presence: TopicPresence;
  readonly #topic: string;
  readonly #viewer: TopicViewer;
  readonly #client: Client;
  readonly #events: Reader<TopicEvent>;
  readonly #here: Set<string>;

  constructor(presence: TopicPresence, topic: string, viewer: TopicViewer) {
    this.#presence = presence;
    this.#topic = topic;
    this.#viewer = viewer;
    this.#client = new Client(presence, topic, { viewer });
    this.#events = new Reader(presence.events(topic, { viewer }));
    this.#here = new Set(presence.list(topic, viewer).map(({ key }) => key));
  }

  async check({ shown, published }: Subject): Promise<void> {
    const list = this.#presence.list(this.#topic, this.#viewer);
    await this.#client.read();
    // A mirror keeps the order in which it has received them.
    const inOrder = (entry: TopicEntry): TopicEntry => {
      const name = `${this.#topic}/${entry.key}`;
      const hasOrder = !published.has(name) &&
        (this.#viewer === OMNISCIENT_VIEWER || !shown.has(name));
      if (hasOrder) return entry;
      return { ...entry, metas: entry.metas.toSorted(byText) };
    };
    assertEquals(
      JSON.stringify(this.#client.list().map(inOrder)),
      JSON.stringify(list.map(inOrder)),
    );

    for (const event of await this.#events.read()) this.#replay(event);
    assertEquals(
      this.#here.size,
      this.#presence.countPresences(this.#topic, this.#viewer),
    );
    assertEquals(this.#here, new Set(list.map(({ key }) => key)));
  }

  #replay({ type, key }: TopicEvent): void {
    if (type === "join") this.#here.add(key);
    else assert(this.#here.has(key), `${type} of who is not here`);
    if (type === "leave") this.#here.delete(key);
  }
}

function byText(a: TopicMeta, b: TopicMeta): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

Deno.test("TopicPresence property: for any history and viewer, mirrors and events end where list() does", async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ turns, ...options }) => {
      using time = new FakeTime(0);
      using t = topics({ ttlMs: 100 }, options);
      const subject = new Subject(t.server, t.presence, time);
      const watch = (index: number) =>
        TOPICS.map((topic) =>
          new Checked(
            t.presence,
            topic,
            VIEWERS[index % VIEWERS.length] ?? OMNISCIENT_VIEWER,
          )
        );
      const eager = VIEWERS.flatMap((_, index) => watch(index));
      const slow = VIEWERS.flatMap((_, index) => watch(index));
      for (const { commands, latecomer, slow: reads } of turns) {
        for (const command of commands) subject.run(command);
        if (latecomer !== null) eager.push(...watch(latecomer));
        await flush();
        for (const checked of eager) await checked.check(subject);
        await slow[reads % slow.length]?.check(subject);
      }
      for (const checked of slow) await checked.check(subject);
      time.tick(10_000);
      for (const checked of [...eager, ...slow]) {
        await checked.check(subject);
      }
    }),
    { numRuns: RUNS },
  );
});

/** A topic of hundreds of keys, some of which look like numbers. */
const crowd = fc.record({
  size: fc.nat(300),
  turns: fc.array(
    fc.array(
      fc.record({
        key: fc.nat(400).map((n) => n % 3 === 0 ? `${n}` : `key ${n}`),
        viewer: fc.nat(VIEWERS.length - 1),
        isMine: fc.boolean(),
        visibility: fc.option(visibility, { nil: "gone" as const, freq: 4 }),
        meta,
      }),
      { minLength: 1, maxLength: 20 },
    ),
    { minLength: 2, maxLength: 8 },
  ),
});

function listOf(json: string): TopicEntry[] {
  const mirror: PresenceMirror = new Map();
  syncState(mirror, JSON.parse(json));
  return listMirror(mirror)
    .map(([key, { metas }]) => ({ key, metas: metas.map(fromWireMeta) }));
}

Deno.test("TopicPresence property: a new reader of a crowd gets the state that list() returns then", async () => {
  await fc.assert(
    fc.asyncProperty(crowd, async ({ size, turns }) => {
      using t = topics({ ttlMs: Infinity });
      const { presence } = t;
      for (let n = 0; n < size; n++) presence.track("room", `key ${n}`, n);
      // They stay all the time, so that others share their messages.
      for (const viewer of VIEWERS) {
        await presence.watch("room", { viewer }).next();
      }
      const handles = new Map<string, PresenceHandle>();
      const checks: (() => void)[] = [];
      for (const turn of turns) {
        for (const { viewer, isMine, visibility, meta, ...change } of turn) {
          const own = VIEWERS[viewer]?.subject;
          const key = isMine && own !== undefined ? own : change.key;
          const handle = handles.get(key);
          if (visibility === "gone") handle?.[Symbol.dispose]();
          else if (!handle?.update(meta, { visibility })) {
            const settings = { visibility };
            handles.set(key, presence.track("room", key, meta, settings));
          }
        }
        await flush();
        for (const viewer of VIEWERS) {
          const { value } = await presence.watch("room", { viewer }).next();
          const list = presence.list("room", viewer);
          const position = presence.positionOf("room");
          assert(value?.type === "state");
          // At any time.
          checks.push(() => {
            assertEquals(value.position, position);
            const json = stateJson(value);
            // As texts: comparing the values takes far longer.
            const told = JSON.stringify(JSON.parse(json));
            assertEquals(told, JSON.stringify(value.state));
            assertEquals(JSON.stringify(listOf(json)), JSON.stringify(list));
          });
        }
      }
      for (const check of checks) check();
    }),
    { numRuns: RUNS },
  );
});

Deno.test("TopicPresence property: channels receive each join, and exactly what events() yields", async () => {
  await fc.assert(
    fc.asyncProperty(history, async ({ turns, ...options }) => {
      using time = new FakeTime(0);
      const channels = new InProcessChannels();
      using t = topics({ ttlMs: 100, channels }, {
        ...options,
        retention: 1_000,
      });
      const subject = new Subject(t.server, t.presence, time);
      const told = TOPICS.map((topic) => ({
        events: t.presence.events(topic),
        texts: channels.subscribe(`presence:${topic}`),
      }));
      for (const { commands } of turns) {
        for (const command of commands) {
          if (command.do !== "publish") subject.run(command);
        }
      }
      let joins = 0;
      for (const { events, texts } of told) {
        const read = await new Reader(events).read();
        joins += read.filter(({ type }) => type === "join").length;
        for (const event of read) {
          assertEquals((await texts.next()).value, JSON.stringify(event));
        }
      }
      assertEquals(joins, subject.tracked);
    }),
    { numRuns: RUNS },
  );
});
