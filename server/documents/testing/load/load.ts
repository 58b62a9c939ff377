/**
 * Puts load on documents: moving cursors, storms of joins and reconnects, a
 * client that does not read, many idle people. The server is a separate
 * process. The same run also measures a bare fan-out of the same frames.
 *
 * `deno task load` runs all scenarios, or those whose names follow it.
 *
 * @module
 */

import { Crowd } from "./crowd.ts";
import { joinAll, LoadClient, moveAll, tally } from "./load_client.ts";

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

  /** Returns its usage so far. */
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
  /** Bytes that wait for the slowest client. */
  readonly backlogBytes: number;
  /** Positions that later ones replaced before a client received them. */
  readonly coalesced: number;
}

interface Traffic {
  readonly documents: number;
  /** People in each document. */
  readonly people: number;
  /** The time between two moves of one person. */
  readonly everyMs: number;
  readonly seconds: number;
  /** Whether one more client does not read. */
  readonly hasSlowReader?: boolean;
}

const WARM_UP_MS = 3_000;

/** How many of the people measure the delay of cursors. */
const OBSERVERS = 3;

/** People who move their cursors. */
async function traffic(kind: Kind, settings: Traffic): Promise<void> {
  const { documents, people, everyMs, seconds, hasSlowReader } = settings;
  await using target = await Target.start(kind, Math.min(everyMs, 50));
  const { port } = target;
  const observers = await joinAll({ port, people: OBSERVERS, documents });
  using crowd = await Crowd.of({
    port,
    people: documents * people - OBSERVERS,
    documents,
    first: OBSERVERS,
  });
  if (hasSlowReader) await addSlowReader(target);
  const delays: number[] = [];
  let isCounting = false;
  for (const observer of observers) {
    observer.onCursor((delay) => {
      if (isCounting) delays.push(delay);
    });
  }
  const stop = moveAll(observers, everyMs);
  await crowd.move(everyMs);
  const soFar = async () => {
    const [usage, ofCrowd] = await Promise.all([target.usage(), crowd.tally()]);
    const { frames, moves, ends } = tally(observers);
    return {
      ...usage,
      at: performance.now(),
      frames: frames + ofCrowd.frames,
      moves: moves + ofCrowd.moves,
      ends: [...ends, ...ofCrowd.ends],
    };
  };
  await pause(WARM_UP_MS);
  isCounting = true;
  const before = await soFar();
  await pause(seconds * 1_000);
  const after = await soFar();
  isCounting = false;
  stop();
  const took = (after.at - before.at) / 1_000;
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
      "delivered": `${round(100 * delivered / (moves * people))} %`,
      "p50 ms": quantile(delays, 0.5),
      "p99 ms": quantile(delays, 0.99),
      "core": `${round(cpuUs / took / 10_000)} %`,
      "µs/frame": (cpuUs / delivered).toFixed(2),
      "coalesced": round(after.coalesced - before.coalesced),
      "rss MB": round(after.rss / 1e6),
    },
  );
  if (after.ends.length > 0) {
    console.log(`  ${after.ends.length} were lost: ${after.ends[0]}`);
  }
  for (const observer of observers) await observer.lose();
}

/** How many bytes wait for a client before it receives less, by default. */
const BUFFERED_BYTES = 1_048_576;

/** Adds a client that reads nothing and requests replies until it is behind. */
async function addSlowReader(target: Target): Promise<void> {
  const slow = await LoadClient.join(target.port, "0", 1_000_000);
  slow.pause();
  // The system buffers some megabytes before anything waits in the server.
  while ((await target.usage()).backlogBytes <= BUFFERED_BYTES) {
    await slow.ask(1_000);
  }
}

/** Everyone joins at once; then all are lost and rejoin at once. */
async function storms(kind: Kind): Promise<void> {
  await using target = await Target.start(kind);
  const [people, documents] = [2_000, 20];
  const joinBegan = performance.now();
  const all = { port: target.port, people, documents, atOnce: people };
  let clients = await joinAll(all);
  const joined = performance.now() - joinBegan;
  const watcher = await LoadClient.join(target.port, "0", 1_000_000);
  let seen = 0;
  watcher.onText((text) => {
    if (/"user_(left|joined)"/.test(text)) seen++;
  });
  await Promise.all(clients.map((client) => client.lose()));
  const backBegan = performance.now();
  clients = await joinAll(all);
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

/** Many people who are idle. */
async function idle(kind: Kind): Promise<void> {
  await using target = await Target.start(kind);
  const [people, documents, seconds] = [10_000, 1_000, 60];
  const clients = await joinAll({ port: target.port, people, documents });
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
  report(`${kind}: ${people} people who are idle`, {
    "core": `${((after.cpuUs - before.cpuUs) / seconds / 10_000).toFixed(1)} %`,
    "rss MB": round(after.rss / 1e6),
    "kB/connection": round(after.rss / people / 1_000),
  });
  await Promise.all(clients.map((client) => client.lose()));
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
  // Faster than the throttle, and than a core can deliver.
  flood: (kind) => traffic(kind, { ...hundred, everyMs: 20, seconds: 5 }),
  // Nearly as fast as the throttle: a slightly early position is not delayed.
  full: (kind) => traffic(kind, { ...hundred, everyMs: 60 }),
  // Like real people.
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
