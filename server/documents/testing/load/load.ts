/**
 * Puts load on documents: people who move their cursors, storms of joins and of
 * reconnects, one who does not read, many who are idle. The server is a process
 * of its own; beside it, in the same run, a bare fan-out of the same frames.
 *
 * `deno task load` runs all of it; names of scenarios after it run those.
 *
 * @module
 */

import { LoadClient } from "./load_client.ts";

/** A process under load. */
class Target implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly port: number;

  private constructor(process: Deno.ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(kind: Kind, throttleMs = 50): Promise<Target> {
    const args = ["run", "-A", "load_server.ts", kind, `${throttleMs}`];
    const cpuProfile = Deno.env.get("RUTHERE_PROFILE");
    if (cpuProfile) {
      args.splice(1, 0, "--cpu-prof", `--cpu-prof-dir=${cpuProfile}`);
    }
    const process = new Deno.Command(Deno.execPath(), {
      args,
      cwd: new URL(".", import.meta.url),
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return new Target(process, Number(new TextDecoder().decode(value)));
  }

  /** What it has used so far. */
  async usage(): Promise<Usage> {
    const response = await fetch(`http://127.0.0.1:${this.port}/usage`);
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGINT");
    await this.#process.stdout.cancel();
    await this.#process.status;
  }
}

type Kind = "bare" | "presence";

interface Usage {
  readonly cpuUs: number;
  readonly rss: number;
}

interface Traffic {
  readonly documents: number;
  /** People in each document. */
  readonly people: number;
  /** Time between two moves of one of them. */
  readonly everyMs: number;
  readonly seconds: number;
  /** Whether one more is there who does not read. */
  readonly hasSlowReader?: boolean;
}

const WARM_UP_MS = 3_000;

/** People who move their cursors. */
async function traffic(kind: Kind, settings: Traffic): Promise<void> {
  const { documents, people, everyMs, seconds, hasSlowReader } = settings;
  await using target = await Target.start(kind, Math.min(everyMs, 50));
  const clients = await joinAll(target.port, documents * people, documents);
  if (hasSlowReader) {
    const slow = await LoadClient.join(target.port, "0", 1_000_000);
    slow.pause();
  }
  const delays: number[] = [];
  let isCounting = false;
  for (const observer of clients.slice(0, 3)) {
    observer.onCursor((delay) => {
      if (isCounting) delays.push(delay);
    });
  }
  const timers = clients.map((client, n) => {
    const timer = { stop: () => {} };
    const first = setTimeout(() => {
      const every = setInterval(() => client.move(), everyMs);
      timer.stop = () => clearInterval(every);
    }, everyMs * n / clients.length);
    timer.stop = () => clearTimeout(first);
    return timer;
  });
  await pause(WARM_UP_MS);
  isCounting = true;
  const before = { ...await target.usage(), ...tally(clients) };
  const began = performance.now();
  await pause(seconds * 1_000);
  const took = (performance.now() - began) / 1_000;
  const after = { ...await target.usage(), ...tally(clients) };
  isCounting = false;
  for (const timer of timers) timer.stop();
  const moves = after.moves - before.moves;
  // Each move has a reply.
  const delivered = after.frames - before.frames - moves;
  const cpuUs = after.cpuUs - before.cpuUs;
  delays.sort((a, b) => a - b);
  report(
    `${kind}: ${documents} × ${people} people${
      hasSlowReader ? ", one does not read" : ""
    }`,
    {
      "offered/s": round(moves * people / took),
      "delivered/s": round(delivered / took),
      "coalesced": `${round(100 * (1 - delivered / (moves * people)))} %`,
      "p50 ms": quantile(delays, 0.5),
      "p99 ms": quantile(delays, 0.99),
      "core": `${round(cpuUs / took / 10_000)} %`,
      "µs/frame": (cpuUs / delivered).toFixed(2),
      "rss MB": round(after.rss / 1e6),
    },
  );
  await Promise.all(clients.map((client) => client.lose()));
}

/** All come at once; then all are lost, and come back at once. */
async function storms(kind: Kind): Promise<void> {
  await using target = await Target.start(kind);
  const [people, documents] = [2_000, 20];
  const joinBegan = performance.now();
  let clients = await joinAll(target.port, people, documents, people);
  const joined = performance.now() - joinBegan;
  const watcher = await LoadClient.join(target.port, "0", 1_000_000);
  let seen = 0;
  watcher.onText((text) => {
    if (/"user_(left|joined)"/.test(text)) seen++;
  });
  await Promise.all(clients.map((client) => client.lose()));
  const backBegan = performance.now();
  clients = await joinAll(target.port, people, documents, people);
  const back = performance.now() - backBegan;
  await pause(1_000);
  const { rss } = await target.usage();
  report(`${kind}: ${people} people of ${documents} documents at once`, {
    "join ms": round(joined),
    "reconnect ms": round(back),
    "seen to leave or join": seen,
    "rss MB": round(rss / 1e6),
  });
  for (const client of [...clients, watcher]) await client.lose();
}

/** Many who do nothing but be there. */
async function idle(kind: Kind): Promise<void> {
  await using target = await Target.start(kind);
  const [people, documents, seconds] = [10_000, 1_000, 60];
  const clients = await joinAll(target.port, people, documents);
  // What was told of the joins, and of who has been idle for long, is over.
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
  report(`${kind}: ${people} people who are idle`, {
    "core": `${((after.cpuUs - before.cpuUs) / seconds / 10_000).toFixed(1)} %`,
    "rss MB": round(after.rss / 1e6),
    "kB/connection": round(after.rss / people / 1_000),
  });
  await Promise.all(clients.map((client) => client.lose()));
}

/** Everybody joins, so many at a time. */
async function joinAll(
  port: number,
  people: number,
  documents: number,
  atOnce = 100,
): Promise<LoadClient[]> {
  const clients: LoadClient[] = [];
  for (let first = 0; first < people; first += atOnce) {
    const count = Math.min(atOnce, people - first);
    const joining = Array.from({ length: count }, (_, n) => {
      const id = first + n;
      return LoadClient.join(port, `${id % documents}`, id);
    });
    clients.push(...await Promise.all(joining));
  }
  return clients;
}

function tally(clients: readonly LoadClient[]) {
  let [frames, moves] = [0, 0];
  for (const client of clients) {
    frames += client.frames;
    moves += client.moves;
  }
  return { frames, moves };
}

function quantile(sorted: readonly number[], part: number): string {
  return sorted[Math.floor(sorted.length * part)]?.toFixed(2) ?? "none";
}

function round(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function report(what: string, figures: Record<string, string | number>): void {
  const parts = Object.entries(figures).map(([name, value]) =>
    `${name} ${value}`
  );
  console.log(`${what}\n  ${parts.join(" · ")}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const KINDS: readonly Kind[] = ["bare", "presence"];
const hundred = { documents: 1, people: 100, seconds: 10 };

const SCENARIOS: Readonly<Record<string, (kind: Kind) => Promise<void>>> = {
  // Faster than they may, and than a core can hand on.
  flood: (kind) => traffic(kind, { ...hundred, everyMs: 20 }),
  // As fast as they may.
  full: (kind) => traffic(kind, { ...hundred, everyMs: 52 }),
  // As people do.
  calm: (kind) => traffic(kind, { ...hundred, everyMs: 200 }),
  slow: (kind) =>
    traffic(kind, { ...hundred, everyMs: 200, hasSlowReader: true }),
  many: (kind) =>
    traffic(kind, { documents: 50, people: 20, everyMs: 500, seconds: 10 }),
  storms,
  idle,
};

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(SCENARIOS);
for (const name of wanted) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    console.error(
      `Cannot run ${name}: there are ${Object.keys(SCENARIOS).join(", ")}`,
    );
    Deno.exit(1);
  }
  for (const kind of KINDS) await scenario(kind);
}
Deno.exit(0);
