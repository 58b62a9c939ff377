/**
 * Puts load on sockets: moving cursors, storms of joins and reconnects, a client
 * that does not read, many idle people. Rivals and bare sockets get the same
 * load, in turns. Each server is a process of its own.
 *
 * `deno task load` runs all scenarios, or those whose names follow it; names of
 * servers among them select servers.
 *
 * @module
 */

import { Crowd } from "./crowd.ts";
import { joinAll, LoadClient, moveAll, tally } from "./load_client.ts";
import { Target } from "./target.ts";
import { type Kind, WIRES } from "./wires.ts";

const ALL: readonly Kind[] = [
  "ws",
  "bare",
  "socket.io",
  "hocuspocus",
  "presence",
];
const BARE: readonly Kind[] = ["bare", "presence"];

/** The rounds of traffic; in each, all servers have their turn. */
const ROUNDS = 7;

/** How many of the people measure the delay of cursors. */
const OBSERVERS = 3;

interface Traffic {
  readonly documents: number;
  /** People in each document. */
  readonly people: number;
  /** The time between two moves of one person. */
  readonly everyMs: number;
  /** Whether one more client does not read. */
  readonly hasSlowReader?: boolean;
}

/** The figures of one server in one scenario. */
interface Figures {
  readonly offered?: number;
  readonly delivered?: number;
  /** Milliseconds of the server's processor for 100,000 delivered messages. */
  readonly cpuMs?: number;
  readonly p50?: number | undefined;
  readonly p99?: number | undefined;
  /** Bytes of memory a connection, before anything moves. */
  readonly bytesEach?: number;
  readonly others?: string;
}

/** People of one server who move their cursors in turns. */
class Moving implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #delays: number[] = [];
  readonly #cpuMs: number[] = [];
  readonly #offered: number[] = [];
  readonly #delivered: number[] = [];
  #isCounting = false;

  private constructor(
    readonly target: Target,
    readonly settings: Traffic,
    readonly observers: readonly LoadClient[],
    readonly crowd: Crowd,
  ) {}

  static async start(kind: Kind, settings: Traffic): Promise<Moving> {
    const { documents, people, everyMs, hasSlowReader } = settings;
    const target = await Target.start(kind, Math.min(everyMs, 50));
    const topics = Array.from({ length: documents }, (_, n) => `document:${n}`);
    const { port } = target;
    const few = { kind, port, people: OBSERVERS, topics };
    const observers = await joinAll(few);
    const all = documents * people;
    const crowd = await Crowd.of({
      ...few,
      people: all - OBSERVERS,
      first: OBSERVERS,
    });
    if (hasSlowReader) await addSlowReader(target);
    const moving = new Moving(target, settings, observers, crowd);
    moving.#stack.use(target);
    moving.#stack.use(crowd);
    for (const observer of observers) {
      moving.#stack.defer(() => observer.lose());
      observer.onCursor((delay) => {
        if (moving.#isCounting) moving.#delays.push(delay);
      });
    }
    return moving;
  }

  /** Lets them move for some time, and measures the second part of it. */
  async round(warmUpMs: number, ms: number): Promise<void> {
    const { people, everyMs } = this.settings;
    const stop = moveAll(this.observers, everyMs);
    await this.crowd.move(everyMs);
    await pause(warmUpMs);
    this.#isCounting = true;
    const before = await this.#soFar();
    await pause(ms);
    const after = await this.#soFar();
    this.#isCounting = false;
    stop();
    await this.crowd.rest();
    const seconds = (after.at - before.at) / 1_000;
    const moves = after.moves - before.moves;
    const answers = WIRES[this.target.kind].answers ? moves : 0;
    const delivered = after.frames - before.frames - answers;
    this.#offered.push(moves * people / seconds);
    this.#delivered.push(delivered / seconds);
    this.#cpuMs.push((after.cpuUs - before.cpuUs) / delivered * 100);
    await pause(200);
  }

  async figures(): Promise<Figures> {
    const delays = this.#delays.sort((a, b) => a - b);
    const { ends } = await this.#soFar();
    const { rss, coalesced } = await this.target.usage();
    return {
      offered: median(this.#offered),
      delivered: median(this.#delivered),
      cpuMs: median(this.#cpuMs),
      p50: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      others: `${round(rss / 1e6)} MB, ${coalesced} replaced` +
        (ends.length > 0 ? `, ${ends.length} lost: ${ends[0]}` : ""),
    };
  }

  async #soFar() {
    const [usage, ofCrowd] = await Promise.all([
      this.target.usage(),
      this.crowd.tally(),
    ]);
    const own = tally(this.observers);
    return {
      cpuUs: usage.cpuUs,
      at: performance.now(),
      frames: own.frames + ofCrowd.frames,
      moves: own.moves + ofCrowd.moves,
      ends: [...own.ends, ...ofCrowd.ends],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** People who move their cursors. */
async function traffic(
  kinds: readonly Kind[],
  settings: Traffic,
): Promise<Map<Kind, Figures>> {
  await using stack = new AsyncDisposableStack();
  const all: Moving[] = [];
  for (const kind of kinds) {
    all.push(stack.use(await Moving.start(kind, settings)));
  }
  for (let n = 0; n < ROUNDS; n++) {
    for (const moving of all) await moving.round(n === 0 ? 3_000 : 500, 1_500);
  }
  const figures = new Map<Kind, Figures>();
  for (const moving of all) {
    figures.set(moving.target.kind, await moving.figures());
  }
  return figures;
}

/** How many bytes wait for a client before it receives less, by default. */
const BUFFERED_BYTES = 1_048_576;

/** Adds a client that reads nothing and requests replies until it is behind. */
async function addSlowReader(target: Target): Promise<void> {
  const slow = await LoadClient.join(target.place("document:0"), 1_000_000);
  slow.pause();
  // The system buffers some megabytes before anything waits in the server.
  while ((await target.usage()).backlogBytes <= BUFFERED_BYTES) {
    await slow.ask(1_000);
  }
}

/**
 * Everyone joins one topic at once, and everyone gets to know everyone: each
 * person who gets to know another counts as a delivered message.
 */
async function storm(kinds: readonly Kind[]): Promise<Map<Kind, Figures>> {
  const figures = new Map<Kind, Figures>();
  const people = 3_000;
  const topics = ["room:storm"];
  for (const kind of kinds) {
    await using target = await Target.start(kind);
    const known = new Set<string>();
    const watcher = await LoadClient.join(
      target.place(topics[0]!),
      people,
      (text) => {
        for (const [key] of text.matchAll(/person-\d+/g)) known.add(key);
      },
    );
    const before = await target.tidyUsage();
    const { port } = target;
    const joining = { kind, port, people, topics, atOnce: people };
    const clients = await joinAll(joining);
    let { bytes } = tally(clients);
    // The watcher may not be told of itself.
    while (known.size < people || bytes < tally(clients).bytes) {
      ({ bytes } = tally(clients));
      await pause(500);
    }
    const after = await target.usage();
    const delays = clients.map(({ joinedAfterMs }) => joinedAfterMs)
      .sort((a, b) => a - b);
    figures.set(kind, {
      cpuMs: (after.cpuUs - before.cpuUs) / people ** 2 * 100,
      p50: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      bytesEach: ((await target.tidyUsage()).rss - before.rss) / people,
      others: `${round(bytes / 1e6)} MB sent`,
    });
    await Promise.all([...clients, watcher].map((client) => client.lose()));
  }
  return figures;
}

/** People of 20 documents who all join at once; all are lost and rejoin at once. */
async function reconnect(kinds: readonly Kind[]): Promise<Map<Kind, Figures>> {
  const figures = new Map<Kind, Figures>();
  const people = 2_000;
  const topics = Array.from({ length: 20 }, (_, n) => `document:${n}`);
  for (const kind of kinds) {
    await using target = await Target.start(kind);
    const joining = {
      kind,
      port: target.port,
      people,
      topics,
      atOnce: people,
    };
    const joinBegan = performance.now();
    let clients = await joinAll(joining);
    const joined = performance.now() - joinBegan;
    let seen = 0;
    const watcher = await LoadClient.join(
      target.place(topics[0]!),
      people,
      (text) => {
        if (/"user_(left|joined)"/.test(text)) seen++;
      },
    );
    await Promise.all(clients.map((client) => client.lose()));
    const backBegan = performance.now();
    clients = await joinAll(joining);
    const back = performance.now() - backBegan;
    await pause(1_000);
    figures.set(kind, {
      others: `in after ${round(joined)} ms, back after ${round(back)} ms, ` +
        `${seen} seen to leave or join`,
    });
    await Promise.all([...clients, watcher].map((client) => client.lose()));
  }
  return figures;
}

/** Many people who have joined. */
async function memory(kinds: readonly Kind[]): Promise<Map<Kind, Figures>> {
  const figures = new Map<Kind, Figures>();
  const people = 5_000;
  const topics = Array.from({ length: 250 }, (_, n) => `document:${n}`);
  for (const kind of kinds) {
    await using target = await Target.start(kind);
    const { rss } = await target.tidyUsage();
    const { port } = target;
    const clients = await joinAll({ kind, port, people, topics });
    // V8 gives memory back when there is nothing to do.
    await target.tidyUsage();
    await pause(10_000);
    const after = await target.tidyUsage();
    figures.set(kind, { bytesEach: (after.rss - rss) / people });
    await Promise.all(clients.map((client) => client.lose()));
  }
  return figures;
}

/** Many people who are idle. */
async function idle(kinds: readonly Kind[]): Promise<Map<Kind, Figures>> {
  const figures = new Map<Kind, Figures>();
  const [people, seconds] = [10_000, 60];
  const topics = Array.from({ length: 1_000 }, (_, n) => `document:${n}`);
  for (const kind of kinds) {
    await using target = await Target.start(kind);
    const { rss } = await target.tidyUsage();
    const { port } = target;
    const clients = await joinAll({ kind, port, people, topics });
    // The events of joins and of idle people are over.
    await pause(40_000);
    const timers = clients.map((client, n) =>
      setTimeout(() => {
        client.beat();
        timers[n] = setInterval(() => client.beat(), 30_000);
      }, 30_000 * n / people)
    );
    const before = await target.usage();
    await pause(seconds * 1_000);
    const after = await target.usage();
    for (const timer of timers) clearInterval(timer);
    const core = (after.cpuUs - before.cpuUs) / seconds / 10_000;
    figures.set(kind, {
      bytesEach: (after.rss - rss) / people,
      others: `${core.toFixed(1)} % of a core`,
    });
    await Promise.all(clients.map((client) => client.lose()));
  }
  return figures;
}

function median(values: readonly number[]): number {
  return quantile(values.toSorted((a, b) => a - b), 0.5) ?? NaN;
}

function quantile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.floor(sorted.length * part)];
}

function round(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Prints the figures of a scenario, with the ratio to the bare `ws`. */
function report(name: string, all: ReadonlyMap<Kind, Figures>): void {
  const base = (all.get("ws") ?? all.get("bare"))?.cpuMs ?? NaN;
  const cell = (value: number | undefined, digits = 0) =>
    value === undefined || Number.isNaN(value)
      ? ""
      : value.toLocaleString("en", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
  const rows = [...all].map(([kind, figures]) => [
    name,
    kind,
    cell(figures.offered),
    cell(figures.delivered),
    cell(figures.cpuMs),
    cell(figures.cpuMs && figures.cpuMs / base, 2),
    cell(figures.p50, 1),
    cell(figures.p99, 1),
    cell(figures.bytesEach && figures.bytesEach / 1_000),
    figures.others ?? "",
  ]);
  for (const row of rows) {
    console.log(
      `| ${row.map((text, n) => text.padStart(WIDTHS[n]!)).join(" | ")} |`,
    );
  }
}

const HEADS = [
  "scenario",
  "server",
  "offered/s",
  "delivered/s",
  "ms/100,000",
  "ratio",
  "p50 ms",
  "p99 ms",
  "kB each",
  "",
];
const WIDTHS = HEADS.map((head, n) => n < 2 ? 10 : head.length);

type Scenario = (kinds: readonly Kind[]) => Promise<Map<Kind, Figures>>;

const hundred = { documents: 1, people: 100, everyMs: 100 };

const SCENARIOS: Readonly<
  Record<string, { readonly run: Scenario; readonly kinds: readonly Kind[] }>
> = {
  document: { run: (kinds) => traffic(kinds, hundred), kinds: ALL },
  documents: {
    run: (kinds) => traffic(kinds, { documents: 50, people: 20, everyMs: 500 }),
    kinds: ALL,
  },
  storm: { run: storm, kinds: ALL },
  memory: { run: memory, kinds: ALL },
  // Faster than the throttle, and than a core can deliver.
  flood: {
    run: (kinds) => traffic(kinds, { ...hundred, everyMs: 20 }),
    kinds: BARE,
  },
  slow: {
    run: (kinds) => traffic(kinds, { ...hundred, hasSlowReader: true }),
    kinds: BARE,
  },
  reconnect: { run: reconnect, kinds: BARE },
  idle: { run: idle, kinds: BARE },
};

const kinds = ALL.filter((kind) => Deno.args.includes(kind));
const names = Deno.args.filter((arg) => !(arg in WIRES));
console.log(
  `| ${HEADS.map((head, n) => head.padStart(WIDTHS[n]!)).join(" | ")} |`,
);
for (const name of names.length > 0 ? names : Object.keys(SCENARIOS)) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    console.error(
      `Cannot run ${name}: there are ${Object.keys(SCENARIOS).join(", ")}`,
    );
    Deno.exit(1);
  }
  report(name, await scenario.run(kinds.length > 0 ? kinds : scenario.kinds));
}
Deno.exit(0);
