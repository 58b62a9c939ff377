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

import { quantile } from "../../../../store/testing/quantile.ts";
import { type Figures, report, reportHead, round } from "./figures.ts";
import { joinAll, LoadClient, tally } from "./load_client.ts";
import { Target } from "./target.ts";
import { DOCUMENT, DOCUMENTS, pause, traffic } from "./traffic.ts";
import { type Kind, WIRES } from "./wires.ts";

const ALL: readonly Kind[] = [
  "ws",
  "bare",
  "socket.io",
  "hocuspocus",
  "presence",
  "bundles",
];
const BARE: readonly Kind[] = ["bare", "presence"];

/**
 * Everyone joins one topic at once, and everyone gets to know everyone: each
 * person who gets to know another counts as a delivered message.
 */
async function storm(target: Target): Promise<Figures> {
  const { kind, port } = target;
  const people = 3_000;
  const topics = ["room:storm"];
  const known = new Set<string>();
  const watcher = await LoadClient.join(
    target.place(topics[0]!),
    people,
    (text) => {
      for (const [key] of text.matchAll(/person-\d+/g)) known.add(key);
    },
  );
  const before = await target.tidyUsage();
  const joining = { kind, port, people, topics, atOnce: people };
  const clients = await joinAll(joining);
  let { bytes } = tally(clients);
  // The watcher may not be told of itself.
  while (known.size < people || bytes < tally(clients).bytes) {
    ({ bytes } = tally(clients));
    await pause(500);
  }
  const after = await target.usage();
  const delays = clients.map(({ joinedAfterMs }) => joinedAfterMs);
  const figures = {
    cpuMs: (after.cpuUs - before.cpuUs) / people ** 2 * 100,
    p50: quantile(delays, 0.5),
    p99: quantile(delays, 0.99),
    bytesEach: ((await target.tidyUsage()).rss - before.rss) / people,
    others: `${round(bytes / 1e6)} MB sent`,
  };
  await Promise.all([...clients, watcher].map((client) => client.lose()));
  return figures;
}

/** People of 20 documents who all join at once; all are lost and rejoin at once. */
async function reconnect(target: Target): Promise<Figures> {
  const { kind, port } = target;
  const people = 2_000;
  const topics = Array.from({ length: 20 }, (_, n) => `document:${n}`);
  const joining = { kind, port, people, topics, atOnce: people };
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
  const figures = {
    others: `in after ${round(joined)} ms, back after ${round(back)} ms, ` +
      `${seen} seen to leave or join`,
  };
  await Promise.all([...clients, watcher].map((client) => client.lose()));
  return figures;
}

/** Many people who have joined. */
async function memory(target: Target): Promise<Figures> {
  const { kind, port } = target;
  const people = 5_000;
  const topics = Array.from({ length: 250 }, (_, n) => `document:${n}`);
  const { rss } = await target.tidyUsage();
  const clients = await joinAll({ kind, port, people, topics });
  // V8 gives memory back when there is nothing to do.
  await target.tidyUsage();
  await pause(10_000);
  const after = await target.tidyUsage();
  await Promise.all(clients.map((client) => client.lose()));
  return { bytesEach: (after.rss - rss) / people };
}

/** Many people who are idle. */
async function idle(target: Target): Promise<Figures> {
  const { kind, port } = target;
  const [people, seconds] = [10_000, 60];
  const topics = Array.from({ length: 1_000 }, (_, n) => `document:${n}`);
  const { rss } = await target.tidyUsage();
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
  await Promise.all(clients.map((client) => client.lose()));
  return {
    bytesEach: (after.rss - rss) / people,
    others: `${core.toFixed(1)} % of a core`,
  };
}

type Scenario = (kinds: readonly Kind[]) => Promise<Map<Kind, Figures>>;

/** Puts load on one server after the other. */
function each(run: (target: Target) => Promise<Figures>): Scenario {
  return async (kinds) => {
    const figures = new Map<Kind, Figures>();
    for (const kind of kinds) {
      await using target = await Target.start(kind);
      figures.set(kind, await run(target));
    }
    return figures;
  };
}

const SCENARIOS: Readonly<
  Record<string, { readonly run: Scenario; readonly kinds: readonly Kind[] }>
> = {
  document: { run: (kinds) => traffic(kinds, DOCUMENT), kinds: ALL },
  documents: {
    run: (kinds) => traffic(kinds, DOCUMENTS),
    kinds: ALL,
  },
  storm: { run: each(storm), kinds: ALL },
  memory: { run: each(memory), kinds: ALL },
  // Faster than the throttle, and than a core can deliver. The bare servers would
  // keep all that waits, which is gigabytes.
  flood: {
    run: (kinds) => traffic(kinds, { ...DOCUMENT, everyMs: 20 }),
    kinds: ["presence"],
  },
  slow: {
    run: (kinds) => traffic(kinds, { ...DOCUMENT, hasSlowReader: true }),
    kinds: BARE,
  },
  reconnect: { run: each(reconnect), kinds: BARE },
  idle: { run: each(idle), kinds: BARE },
};

const kinds = ALL.filter((kind) => Deno.args.includes(kind));
const names = Deno.args.filter((arg) => !(arg in WIRES));
reportHead();
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
