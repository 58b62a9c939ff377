/**
 * What one topic with very many members costs a newcomer and everybody else: by
 * phoenix.js, by HTTP, by server-sent events, and for comparison all entries as
 * one JSON text. The server is a separate process. The column `pause` has the
 * longest time for which its event loop answered nobody; all figures of
 * newcomers are medians.
 *
 * `deno task bench:large` measures 10,000, 100,000 and 1,000,000 members, or the
 * numbers that follow it.
 *
 * @module
 */

// @ts-types="npm:@types/phoenix@1.6.7"
import { type Channel, Socket } from "phoenix";
import { median } from "../../../store/testing/quantile.ts";

const ROUNDS = 7;

/** A newcomer gives up after this time. */
const PATIENCE_MS = 60_000;

/** A process with one topic. */
class Target implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly url: string;

  private constructor(process: Deno.ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async start(): Promise<Target> {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--v8-flags=--max-old-space-size=8192",
        "topic_server.ts",
      ],
      cwd: new URL(".", import.meta.url),
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    const port = new TextDecoder().decode(value).trim();
    return new Target(process, `http://127.0.0.1:${port}`);
  }

  async ask<T>(command: string): Promise<T> {
    const response = await fetch(`${this.url}/bench/${command}`);
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.stdout.cancel();
    await this.#process.status;
  }
}

interface Usage {
  readonly pauseMs: number;
  readonly rssMb: number;
}

/** What a newcomer got. */
interface Got {
  readonly answer: string;
  readonly bytes: number;
}

interface Measured extends Got, Usage {
  readonly tookMs: number;
}

/** Measures something that a client does, and what the server does meanwhile. */
async function measure(
  target: Target,
  run: () => Promise<Got>,
): Promise<Measured> {
  await target.ask("usage");
  const began = performance.now();
  const got = await run();
  const tookMs = performance.now() - began;
  return { ...got, tookMs, ...await target.ask<Usage>("usage") };
}

/** Measures it in several rounds, and reports the medians. */
async function report(
  what: string,
  target: Target,
  run: (round: number) => Promise<Got>,
  rounds = ROUNDS,
): Promise<void> {
  const all: Measured[] = [];
  for (let n = 0; n < rounds; n++) {
    all.push(await measure(target, () => run(n)));
  }
  const medianOf = (name: "tookMs" | "pauseMs" | "bytes" | "rssMb") =>
    median(all.map((one) => one[name]));
  console.log([
    what.padEnd(40),
    (all.at(-1)?.answer ?? "").padEnd(34),
    `${medianOf("tookMs").toFixed(1)} ms`.padStart(12),
    `${(medianOf("bytes") / 1e6).toFixed(3)} MB`.padStart(12),
    `${medianOf("pauseMs").toFixed(1)} ms`.padStart(12),
    `${medianOf("rssMb").toFixed(0)} MB`.padStart(10),
  ].join(""));
}

/** A client by phoenix.js, and what it got. */
class Newcomer implements Disposable {
  readonly #socket: Socket;
  readonly #channel: Channel;
  bytes = 0;
  /** How many members it has seen join by diffs. */
  joins = 0;
  /** How many members it has seen leave by diffs. */
  leaves = 0;
  /** What became of the join. */
  readonly answer: Promise<string>;

  constructor({ url }: Target) {
    const count = (data: unknown) => {
      if (typeof data === "string") this.bytes += data.length;
    };
    this.#socket = new Socket(`${url.replace("http", "ws")}/socket`, {
      transport: class extends WebSocket {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(url, protocols);
          this.addEventListener("message", ({ data }) => count(data));
        }
      },
    });
    this.#socket.connect();
    const channel = this.#channel = this.#socket.channel("room");
    channel.on("presence_diff", ({ joins, leaves }) => {
      this.joins += Object.keys(joins).length;
      this.leaves += Object.keys(leaves).length;
    });
    this.answer = new Promise((resolve) => {
      channel.on(
        "presence_state",
        (state) => resolve(`state of ${Object.keys(state).length}`),
      );
      channel.join(PATIENCE_MS)
        .receive("error", () => resolve("refused"))
        .receive("timeout", () => resolve("no answer"));
    });
  }

  [Symbol.dispose](): void {
    // A channel that was refused would try again.
    this.#channel.leave();
    this.#socket.disconnect();
  }
}

async function join(target: Target): Promise<Got> {
  using newcomer = new Newcomer(target);
  const answer = await newcomer.answer;
  return { answer, bytes: newcomer.bytes };
}

/** Reads an answer to its end, chunk by chunk. */
async function get(url: string): Promise<Got> {
  const response = await fetch(url);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  return { answer: `status ${response.status}`, bytes };
}

/** Reads server-sent events until the last part of the baseline. */
async function baseline(url: string): Promise<Got> {
  const response = await fetch(url);
  const texts = response.body?.pipeThrough(new TextDecoderStream());
  let bytes = 0;
  let end = "";
  for await (const text of texts ?? []) {
    bytes += text.length;
    end = (end + text).slice(-200);
    if (/"last":true\}\nid: .*\n\n$/.test(end)) break;
  }
  return { answer: "baseline", bytes };
}

/** Where pages begin that nobody has read yet, each far from the others. */
const PLACES = ["4", "8", "c", "g", "k", "o", "s"];

/** Newcomers to a topic that is large already. */
async function newcomers(count: number): Promise<void> {
  await using target = await Target.start();
  await target.ask(`fill?count=${count}`);
  const { url } = target;
  const list = `${url}/v1/presence?context=room`;
  const changes = `${url}/v1/changes?context=room`;
  const page = `${list}&limit=50`;
  await report("join by phoenix.js", target, () => join(target));
  await report(
    "page of 50 where nobody has read",
    target,
    (round) => get(`${page}&after=person-${PLACES[round]}`),
  );
  await report("page of 50", target, () => get(page));
  await report("page of 50 after a join", target, async () => {
    await target.ask("join");
    return await get(page);
  });
  await report("all by HTTP", target, () => get(list));
  await report(
    "baseline by server-sent events",
    target,
    () => baseline(changes),
  );
  await report("all as one JSON text", target, () => get(`${url}/bench/whole`));
}

/** A member that was there before the topic grew, and then many who leave. */
async function growth(count: number): Promise<void> {
  await using target = await Target.start();
  await target.ask("fill?count=10");
  using member = new Newcomer(target);
  await member.answer;
  const seen = async (changes: number) => {
    while (member.joins + member.leaves < changes) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const { joins, leaves, bytes } = member;
    return { answer: `saw ${joins} join, ${leaves} leave`, bytes };
  };
  const joining = count - 10;
  await report("it grows while a member watches", target, async () => {
    await target.ask(`fill?count=${count}`);
    return await seen(joining);
  }, 1);
  let leaving = { left: 0, tookMs: 0 };
  await report(
    "up to 20,000 leave while a member watches",
    target,
    async () => {
      leaving = await target.ask("leave");
      return await seen(joining + leaving.left);
    },
    1,
  );
  console.log(
    `  The call that withdraws them: ${leaving.tookMs.toFixed(1)} ms`,
  );
}

const SIZES = ["10000", "100000", "1000000"];
const sizes = Deno.args.length > 0 ? Deno.args : SIZES;
if (!sizes.every((size) => Number(size) >= 1_000)) {
  console.error(`Cannot measure ${Deno.args}: sizes are numbers from 1000 on`);
  Deno.exit(1);
}
for (const count of sizes) {
  const members = Number(count).toLocaleString("en");
  console.log(
    `${members} members`.padEnd(74),
    "time".padStart(11),
    "received".padStart(11),
    "pause".padStart(11),
    "memory".padStart(9),
  );
  await newcomers(Number(count));
  await growth(Number(count));
}
