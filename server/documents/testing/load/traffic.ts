import { median, quantile } from "../../../../store/testing/quantile.ts";
import { Crowd } from "./crowd.ts";
import { type Figures, round } from "./figures.ts";
import { joinAll, LoadClient, moveAll, tally } from "./load_client.ts";
import { Target } from "./target.ts";
import { type Kind, WIRES } from "./wires.ts";

/** The rounds of traffic; in each, all servers have their turn. */
const ROUNDS = 7;

/** How many of the people measure the delay of cursors. */
const OBSERVERS = 3;

/** How people move their cursors. */
export interface Traffic {
  /** How many documents they are in. */
  readonly documents: number;
  /** People in each document. */
  readonly people: number;
  /** The time between two moves of one person. */
  readonly everyMs: number;
  /** Whether one more client does not read. */
  readonly hasSlowReader?: boolean;
}

/** A hundred people in one document, who move ten times a second. */
export const DOCUMENT: Traffic = { documents: 1, people: 100, everyMs: 100 };

/** Twenty people in each of fifty documents, who move twice a second. */
export const DOCUMENTS: Traffic = { documents: 50, people: 20, everyMs: 500 };

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
    const { ends } = await this.#soFar();
    const { rss, coalesced } = await this.target.usage();
    return {
      offered: median(this.#offered),
      delivered: median(this.#delivered),
      cpuMs: median(this.#cpuMs),
      p50: quantile(this.#delays, 0.5),
      p99: quantile(this.#delays, 0.99),
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

/** Lets people of several servers move their cursors, in turns. */
export async function traffic(
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

/** Waits for some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
