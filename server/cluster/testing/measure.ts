/**
 * What a cluster costs, with real Redis and real NATS on this machine. It
 * prints one table; `deno task bench:cluster` runs it, `… redis` only a part.
 *
 * @module
 */

import type { PresenceModel, PresenceUpdate } from "../../../core/mod.ts";
import { median, quantile } from "../../../store/testing/quantile.ts";
import { PresenceServer } from "../../mod.ts";
import {
  type Cluster,
  type ClusterOptions,
  joinCluster,
  type Lease,
  type PresenceBackbone,
} from "../mod.ts";
import { type Dialled, type Kit, KITS } from "./measured_backbones.ts";
import { TcpProxy } from "./tcp_proxy.ts";

const ROUNDS = 9;
const HOPS = 1_000;
const JOINS = 100_000;
const IDLE = 10_000;
const DEAD = 20_000;
const LATE = 10_000;
const CONTEXTS = 1_000;
const ROWS = 20_000;
const READINGS = 40;
const CROWD = 100_000;
const LEASE_TTL_MS = 3_000;

/** The notifications about the measured subjects. */
interface MeasuredModel extends PresenceModel {
  subject: string;
  context: string;
  facets: { name: string; n: number };
}

/** A line of the table. */
interface Line {
  readonly what: string;
  readonly figure: string;
}

/** An entry that never ends by itself. */
export function entry(
  n: number,
  context: string,
): PresenceUpdate<MeasuredModel> {
  return {
    subject: `person-${n}`,
    context,
    origin: "gateway",
    visibility: "public",
    observedAt: Date.now(),
    expiry: "never",
    facets: { activity: "editing", name: `Person ${n}` },
  };
}

/** A node in this process. */
export class Node implements AsyncDisposable {
  readonly server: PresenceServer<MeasuredModel> = new PresenceServer();
  readonly cluster: Cluster<MeasuredModel>;
  readonly #dialled: Dialled;

  private constructor(
    dialled: Dialled,
    options: ClusterOptions,
    wrap: (backbone: PresenceBackbone) => PresenceBackbone,
  ) {
    this.#dialled = dialled;
    this.cluster = joinCluster(this.server, wrap(dialled.backbone), options);
  }

  static async start(
    kit: Kit,
    port: number,
    options: ClusterOptions = {},
    wrap: (backbone: PresenceBackbone) => PresenceBackbone = (it) => it,
  ): Promise<Node> {
    const node = new Node(await kit.dial(port), options, wrap);
    for await (const status of node.cluster.watchStatus()) {
      if (status === "connected") break;
    }
    return node;
  }

  /** Resolves when a context has so many entries here. */
  async has(context: string, count: number): Promise<void> {
    for await (const _ of this.server.watch({ context })) {
      if (this.server.store.count(context).entries === count) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.leave();
    this.server[Symbol.dispose]();
    await this.#dialled.close();
  }
}

function told(times: readonly number[]): string {
  const ms = (share: number) => `${quantile(times, share).toFixed(2)} ms`;
  return `median ${ms(0.5)}, p99 ${ms(0.99)}`;
}

/** Starts a process that runs a script of this folder. */
function spawn(script: string, ...args: unknown[]): Deno.ChildProcess {
  const { href } = new URL(script, import.meta.url);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", href, ...args.map(String)],
    stdout: "piped",
  }).spawn();
}

/** A change on one node until a watcher on another has it, beside the bare client. */
async function hop(kit: Kit, port: number): Promise<Line[]> {
  await using a = await Node.start(kit, port);
  await using b = await Node.start(kit, port);
  const bare = await kit.bare(port);
  await using watch = b.server.watch({ context: "doc" });
  await watch.next();
  let n = 0;
  const ours = async () => {
    a.server.receive({ ...entry(0, "doc"), facets: { n: n++ } });
    await watch.next();
  };
  const theirs = () => bare.roundTrip(`{"n":${n++}}`);
  const rounds: { ours: number[]; theirs: number[] }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const times = { ours: [] as number[], theirs: [] as number[] };
    for (let hop = 0; hop < HOPS; hop++) {
      times.ours.push(await timed(ours));
      times.theirs.push(await timed(theirs));
    }
    rounds.push(times);
  }
  await bare.close();
  // The first round warms up.
  rounds.shift();
  const all = (whose: "ours" | "theirs") => rounds.flatMap((it) => it[whose]);
  const ratio = median(
    rounds.map(({ ours, theirs }) => median(ours) / median(theirs)),
  );
  return [
    {
      what: "from a change to the watcher on another node",
      figure: told(all("ours")),
    },
    {
      what: "the bare client, from publish to subscriber",
      figure: told(all("theirs")),
    },
    {
      what: "the former by the latter, medians",
      figure: `${ratio.toFixed(2)}×`,
    },
  ];
}

async function timed(turn: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await turn();
  return performance.now() - began;
}

/** Returns the names of contexts. */
export function contextsOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `doc-${n}`);
}

/** Joins through one node until one in another process shows them all. */
async function joins(kit: Kit, port: number, contexts: number): Promise<Line> {
  await using node = await Node.start(kit, port);
  const other = spawn("./receiving_node.ts", kit.name, port, contexts, JOINS);
  const said = other.stdout.getReader();
  await said.read();
  const began = performance.now();
  for (let n = 0; n < JOINS; n++) {
    node.server.receive(entry(n, `doc-${n % contexts}`));
    // As sockets do: not all at once.
    if (n % 100 === 99) await pause(0);
  }
  await said.read();
  const seconds = (performance.now() - began) / 1_000;
  await said.cancel();
  await other.status;
  const rate = Math.round(JOINS / seconds / 100) * 100;
  return {
    what: `joins through one node, in ${contexts} contexts`,
    figure: `${rate.toLocaleString("en")}/s`,
  };
}

/** Bytes on the backbone for each renewal, with and without idle entries. */
async function idleBytes(
  kit: Kit,
  port: number,
  entries: number,
): Promise<Line> {
  await using proxy = await TcpProxy.start(port);
  const renewalMs = 200;
  const options = { leaseTtlMs: LEASE_TTL_MS, renewalMs };
  let renewals = 0;
  await using node = await Node.start(
    kit,
    proxy.port,
    options,
    (backbone) => counting(backbone, () => renewals++),
  );
  await share(node, entries, 1);
  // What was written is named in the renewals after it.
  const settled = renewals + 6;
  while (renewals < settled) await pause(20);
  const [from, before] = [renewals, proxy.bytes];
  while (renewals < from + 20) {
    for (let n = 0; n < entries; n++) node.server.receive(entry(n, "doc-0"));
    await pause(renewalMs);
  }
  const bytes = (proxy.bytes - before) / (renewals - from);
  return {
    what: `bytes for each renewal, with ${
      entries.toLocaleString("en")
    } idle entries that beat`,
    figure: `${Math.round(bytes)}`,
  };
}

function counting(
  backbone: PresenceBackbone,
  renewed: () => void,
): PresenceBackbone {
  return {
    async connect(node, listener) {
      const connection = await backbone.connect(node, listener);
      const renew = connection.renew.bind(connection);
      connection.renew = (lease) => {
        renewed();
        return renew(lease);
      };
      return connection;
    },
  };
}

/** Tells of each lease that is heard of. */
function listening(
  backbone: PresenceBackbone,
  heard: (lease: Lease) => void,
): PresenceBackbone {
  return {
    connect: (node, listener) =>
      backbone.connect(node, {
        onChange: (change) => listener.onChange(change),
        onLease: (lease) => {
          heard(lease);
          listener.onLease(lease);
        },
        onEnded: (life) => listener.onEnded(life),
        onMessage: (context, from, text) =>
          listener.onMessage(context, from, text),
        onInterrupted: () => listener.onInterrupted(),
      }),
  };
}

/** A node with many rows is killed: when others report the last leave. */
async function killed(kit: Kit, port: number): Promise<Line[]> {
  let heardAt = 0;
  await using node = await Node.start(
    kit,
    port,
    { leaseTtlMs: LEASE_TTL_MS },
    (backbone) =>
      listening(backbone, ({ node }) => {
        if (node === "doomed") heardAt = performance.now();
      }),
  );
  const child = spawn("./doomed_node.ts", kit.name, port, DEAD, LEASE_TTL_MS);
  let killedAt = 0;
  for await (const _ of node.server.watch({ context: "doc" })) {
    const { entries } = node.server.store.count("doc");
    if (killedAt === 0 && entries === DEAD) {
      child.kill("SIGKILL");
      killedAt = performance.now();
    } else if (killedAt !== 0 && entries === 0) break;
  }
  const now = performance.now();
  await child.stdout.cancel();
  await child.status;
  const ms = (time: number) => `${Math.round(time)} ms`;
  return [
    {
      what: `from SIGKILL to the last of ${
        DEAD.toLocaleString("en")
      } leaves, with a lease of ${ms(LEASE_TTL_MS)}`,
      figure: ms(now - killedAt),
    },
    {
      what: "from the end of the lease to the last leave",
      figure: ms(now - heardAt - LEASE_TTL_MS),
    },
  ];
}

/** How long it takes a node that comes late to hold a context. */
async function late(kit: Kit, port: number): Promise<Line> {
  await using first = await Node.start(kit, port);
  await share(first, LATE, 1);
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    await using node = await Node.start(kit, port);
    const began = performance.now();
    await node.has("doc-0", LATE);
    times.push(performance.now() - began);
  }
  return {
    what: `a late joiner has a context of ${LATE.toLocaleString("en")} rows`,
    figure: `${Math.round(median(times))} ms`,
  };
}

/** How long one reading of a context takes that is one of many. */
async function readings(kit: Kit, port: number): Promise<Line> {
  await using first = await Node.start(kit, port);
  await share(first, ROWS, CONTEXTS);
  await using other = await Node.start(kit, port);
  const times: number[] = [];
  for (const context of contextsOf(CONTEXTS).slice(0, READINGS)) {
    const began = performance.now();
    await other.cluster.list(context);
    times.push(performance.now() - began);
  }
  return {
    what: `a reading of a context of ${ROWS / CONTEXTS} rows, among ${
      ROWS.toLocaleString("en")
    }`,
    figure: told(times),
  };
}

/** A life ends: until a node has read all its contexts again. */
async function ended(kit: Kit, port: number): Promise<Line> {
  const reads = { underway: 0, done: 0, lastAt: 0 };
  await using node = await Node.start(
    kit,
    port,
    {},
    (backbone) => reading(backbone, reads),
  );
  await share(node, ROWS, CONTEXTS);
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const other = await Node.start(kit, port);
    await pause(300);
    reads.done = 0;
    const began = performance.now();
    await other[Symbol.asyncDispose]();
    while (reads.done < CONTEXTS || reads.underway > 0) await pause(20);
    times.push(reads.lastAt - began);
  }
  return {
    what: `a life ends: until a node has read ${
      CONTEXTS.toLocaleString("en")
    } contexts again`,
    figure: `${Math.round(median(times))} ms`,
  };
}

/** The longest pause of the event loop while a server with many entries joins. */
async function crowd(kit: Kit, port: number): Promise<Line> {
  const longest: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const { backbone, close } = await kit.dial(port);
    using server = new PresenceServer<MeasuredModel>();
    for (let n = 0; n < CROWD; n++) {
      server.receive(entry(n, `doc-${n % CONTEXTS}`));
    }
    await pause(100);
    let [last, max] = [performance.now(), 0];
    const look = () => {
      const now = performance.now();
      max = Math.max(max, now - last);
      last = now;
      timer = setTimeout(look);
    };
    let timer = setTimeout(look);
    const cluster = joinCluster(server, backbone);
    for await (const status of cluster.watchStatus()) {
      if (status === "connected") break;
    }
    while (cluster.stats.unwritten > 0) await pause(100);
    clearTimeout(timer);
    longest.push(max);
    await cluster.leave();
    await close();
  }
  return {
    what: `a server with ${
      CROWD.toLocaleString("en")
    } entries joins: the longest pause`,
    figure: `${Math.round(median(longest))} ms`,
  };
}

/** Has a node share entries in contexts, and waits until that is done. */
async function share(
  { server, cluster }: Node,
  entries: number,
  contexts: number,
): Promise<void> {
  for (let n = 0; n < entries; n++) {
    server.receive(entry(n, `doc-${n % contexts}`));
  }
  while (cluster.stats.unwritten > 0) await pause(20);
  await pause(1_000);
}

function reading(
  backbone: PresenceBackbone,
  reads: { underway: number; done: number; lastAt: number },
): PresenceBackbone {
  return {
    async connect(node, listener) {
      const connection = await backbone.connect(node, listener);
      const read = connection.read.bind(connection);
      connection.read = async (context) => {
        reads.underway++;
        try {
          return await read(context);
        } finally {
          reads.underway--;
          reads.done++;
          reads.lastAt = performance.now();
        }
      };
      return connection;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function measure(kit: Kit): Promise<Line[]> {
  const lines: Line[] = [];
  const steps: ((port: number) => Promise<Line | Line[]>)[] = [
    (port) => hop(kit, port),
    (port) => joins(kit, port, 1),
    (port) => joins(kit, port, 1_000),
    (port) => killed(kit, port),
    (port) => idleBytes(kit, port, 0),
    (port) => idleBytes(kit, port, IDLE),
    (port) => late(kit, port),
    (port) => readings(kit, port),
    (port) => ended(kit, port),
    (port) => crowd(kit, port),
  ];
  for (const step of steps) {
    await using server = await kit.start();
    lines.push(...[await step(server.port)].flat());
    console.error(lines.at(-1));
  }
  return lines;
}

if (import.meta.main) {
  const wanted = Deno.args;
  const kits = KITS.filter(({ name }) =>
    wanted.length === 0 || wanted.includes(name)
  );
  if (kits.length < wanted.length) {
    const names = KITS.map(({ name }) => name).join(" and ");
    console.error(`Cannot measure ${wanted}: there are ${names}`);
    Deno.exit(1);
  }
  const columns = [];
  for (const kit of kits) columns.push(await measure(kit));
  console.log(`|  | ${kits.map(({ name }) => name).join(" | ")} |`);
  console.log(`| --- |${kits.map(() => " ---: |").join("")}`);
  for (const [index, { what }] of (columns[0] ?? []).entries()) {
    const figures = columns.map((lines) => lines[index]?.figure ?? "");
    console.log(`| ${what} | ${figures.join(" | ")} |`);
  }
}
