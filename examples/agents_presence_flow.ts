/**
 * Which agents are working? Three agents in separate processes see each other
 * through a NATS server. One is killed; the others notice.
 *
 * ```sh
 * deno run -A examples/agents_presence_flow.ts
 * deno run -A examples/agents_presence_flow.ts nats://127.0.0.1:4222
 * ```
 *
 * Without an address it starts a server of its own; `nats-server` must be
 * installed (Debian: `apt-get install -y nats-server`).
 *
 * @module
 */

import { connect } from "@nats-io/transport-node";
import { AgentPresence } from "@ruthere/presence/server/agents";
import { note, row, scene, title } from "./_console.ts";

/** Short for the demonstration; 5 s or more is usual. */
const HEARTBEAT_MS = 1_000;

// An agent

/** The work of each of the three processes. */
async function work(agentId: string, servers: string): Promise<void> {
  const connection = await connect({
    servers,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
  });
  await using presence = await AgentPresence.open({
    agentId,
    project: "shop",
    connection,
    bucket: "agents",
    heartbeatIntervalMs: HEARTBEAT_MS,
  });
  const ended = new AbortController();
  const watching = report(presence, ended.signal);
  console.log("is up");

  for await (const question of linesOf(Deno.stdin.readable)) {
    if (question === "leave") break;
    const agents = await presence.who();
    console.log(`sees ${agents.map(({ agentId }) => agentId).join(", ")}`);
  }
  ended.abort();
  await watching;
  await presence.close();
  await connection.close();
}

async function report(
  presence: AgentPresence,
  signal: AbortSignal,
): Promise<void> {
  for await (const { kind, agentId } of presence.watch(signal)) {
    console.log(`sees that ${agentId} is ${kind}`);
  }
}

// The walk-through

/** One of the processes, as the walk-through controls it. */
class Agent {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #said: AsyncGenerator<string, void>;

  constructor(name: string, servers: string) {
    this.#name = name;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.url, servers, name],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#said = linesOf(this.#child.stdout);
  }

  /** Prints its next line. */
  async says(): Promise<void> {
    const { value } = await this.#said.next();
    row(this.#name, value ?? "says nothing any more");
  }

  /** Asks it which agents it sees. */
  async ask(): Promise<void> {
    await this.#tell("who");
    await this.says();
  }

  /** Stops it regularly. */
  async leave(): Promise<void> {
    await this.#tell("leave");
    await this.#child.stdin.close();
    await this.#child.status;
    await this.#said.return();
  }

  /** Kills it, as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#said.return();
    await this.#child.stdin.close().catch(() => {});
  }

  async #tell(line: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${line}\n`));
    writer.releaseLock();
  }
}

async function walk(servers: string): Promise<void> {
  title("Agents", "A planner, a builder and a tester work in one project.");

  scene("One after another starts");
  const planner = new Agent("planner", servers);
  await planner.says();
  const builder = new Agent("builder", servers);
  await builder.says();
  await planner.says();
  const tester = new Agent("tester", servers);
  await tester.says();
  await planner.says();
  await builder.says();

  scene("Each is asked which agents it sees");
  for (const agent of [planner, builder, tester]) await agent.ask();

  scene("The builder is killed");
  note("It says no goodbye. The others know after three heartbeats.");
  await builder.kill();
  await planner.says();
  await tester.says();
  await planner.ask();

  scene("It is started again");
  const again = new Agent("builder", servers);
  await again.says();
  await planner.says();
  await tester.says();
  await again.ask();

  scene("The tester is done");
  note("It says goodbye, so that nobody has to wait.");
  await tester.leave();
  await planner.says();
  await again.says();
  await planner.ask();

  await again.leave();
  await planner.leave();
}

/** Starts a server, runs a function with it, and stops it. */
async function withServer(run: (servers: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const port = freePort();
  const server = new Deno.Command(await natsServer(), {
    args: ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", String(port)],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await run(`nats://127.0.0.1:${port}`);
  } finally {
    server.kill();
    await server.status;
    await Deno.remove(folder, { recursive: true });
  }
}

/** Finds the server, also where Debian has it outside the usual PATH. */
async function natsServer(): Promise<string> {
  const path = "/usr/sbin/nats-server";
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return isThere ? path : "nats-server";
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function* linesOf(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, void> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

const [servers, agentId] = Deno.args;
if (servers !== undefined && agentId !== undefined) {
  await work(agentId, servers);
} else if (servers !== undefined) {
  await walk(servers);
} else {
  await withServer(walk);
}
