/**
 * The cost of each operation of the store, beside the least that a `Map` would
 * cost for the same purpose. Both are timed in turns in the same process, and
 * each figure is a median of rounds. It prints a table with a column for each
 * size: `deno task bench:store`, or with sizes: `… 100000`.
 *
 * The stores have contexts of 100 subjects; an entry has 3 facets and a
 * deadline.
 *
 * @module
 */

import type { PresenceModel, PresenceUpdate } from "../../core/mod.ts";
import { PresenceStore } from "../mod.ts";
import { median } from "./quantile.ts";

/** What one operation costs. */
export interface Cost {
  /** The operation. */
  readonly operation: string;
  /** Nanoseconds, or bytes. */
  readonly ours: number;
  /** How many times as much as the baseline. */
  readonly ratio: number;
}

interface BenchModel extends PresenceModel {
  subject: string;
  context: string;
  resource: string;
  origin: string;
  facets: { location: string };
}

/** What is timed: `run` alone, once for each index of a turn. */
interface Side {
  before?(): void;
  run(index: number): unknown;
  after?(): void;
}

const SIZES = [10_000, 100_000, 1_000_000];
const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;
/** How long each side runs in a round, at least. */
const ROUND_MS = 30;
const TURN = 1_000;
const PER_CONTEXT = 100;
const START = 1_700_000_000_000;
const TTL = 60_000;
const RESOURCE = "browser-tab";
const ORIGINS = Array.from({ length: 16 }, (_, index) => `gateway-${index}`);

let time = START;
/** Keeps what is read, so that no read can be optimized away. */
let sink: unknown;

/** Measures every operation for a number of entries. */
export async function benchStore(
  size: number,
  rounds: number = ROUNDS,
): Promise<Cost[]> {
  if (!(size >= TURN)) throw new RangeError(`${size} is less than ${TURN}`);
  const before = heapInUse();
  const store = new PresenceStore<BenchModel>();
  for (let index = 0; index < size; index++) {
    store.publish(update(subjectAt(index), contextAt(index), index));
  }
  const bytes = (heapInUse() - before) / size;
  const costs: Cost[] = [
    { operation: "bytes of heap for an entry", ours: bytes, ratio: NaN },
  ];

  const subjects = Array.from({ length: size }, (_, i) => subjectAt(i));
  const contexts = Array.from({ length: size }, (_, i) => contextAt(i));
  const keys = subjects.map((subject, i) => joined(contexts[i]!, subject));
  const map = new Map<string, unknown>();
  const maps: Map<string, unknown>[] = [];
  for (let index = 0; index < size; index++) {
    const [subject, context] = [subjectAt(index), contextAt(index)];
    const value = update(subject, context, index);
    map.set(joined(context, subject), value);
    if (index % PER_CONTEXT === 0) maps.push(new Map());
    maps.at(-1)!.set(subject, value);
  }
  const random = shuffled(size);
  const inOrder = Array.from({ length: size }, (_, index) => index);

  const publish = (index: number, ttl = TTL) =>
    store.publish(update(subjects[index]!, contexts[index]!, index, ttl));
  const get = (index: number) => map.get(keys[index]!);
  const getAndSet = (index: number) => {
    const there = get(index);
    map.set(keys[index]!, update(subjects[index]!, contexts[index]!, index));
    return there;
  };
  const list = (index: number) => {
    const values: unknown[] = [];
    const there = maps[Math.floor(index / PER_CONTEXT)]!;
    for (const value of there.values()) values.push(value);
    return values;
  };

  async function compare(
    operation: string,
    ours: Side | Side["run"],
    baseline: Side | Side["run"],
    order: readonly number[] = random,
    turn = TURN,
  ): Promise<void> {
    const settings = { order, turn, rounds };
    const cost = await costOf(sideOf(ours), sideOf(baseline), settings);
    costs.push({ operation, ...cost });
  }

  // The first, while the entries lie in memory in that order, too.
  await compare(
    "publish to an existing entry, in order",
    (index) => publish(index),
    getAndSet,
    inOrder,
  );
  await compare(
    "publish to an existing entry, random",
    (index) => publish(index),
    getAndSet,
  );

  // A turn of newcomers, in an order that is not that of their keys.
  const guests = shuffled(TURN).map((index) => copyOf(`guest-${index}`));
  let guest = 0;
  const nextGuest = () => guest = (guest + 1) % TURN;
  const homeOf = (guest: number) => contexts[random[guest]!]!;
  const enter = () => {
    nextGuest();
    store.publish(update(guests[guest]!, homeOf(guest), guest));
  };
  const leave = () => {
    nextGuest();
    store.withdraw({
      subject: guests[guest]!,
      context: homeOf(guest),
      resource: RESOURCE,
      origin: ORIGINS[guest % ORIGINS.length]!,
    });
  };
  const set = () => {
    const context = homeOf(nextGuest());
    const subject = guests[guest]!;
    map.set(joined(context, subject), update(subject, context, guest));
  };
  const unset = () => map.delete(joined(homeOf(nextGuest()), guests[guest]!));
  const times = (run: () => unknown) => () => {
    for (let count = 0; count < TURN; count++) run();
  };
  await compare(
    "publish a new entry",
    { run: enter, after: times(leave) },
    { run: set, after: times(unset) },
  );
  await compare(
    "withdraw an entry",
    { before: times(enter), run: leave },
    { before: times(set), run: unset },
  );

  await compare("snapshot", (index) =>
    store.snapshot({
      subject: subjects[index]!,
      context: contexts[index]!,
      resource: RESOURCE,
      origin: ORIGINS[index % ORIGINS.length]!,
    }), get);
  await compare(
    "snapshots of a context of 100",
    (index) => store.snapshots({ context: contexts[index]! }),
    list,
  );
  await compare(
    "snapshots of a subject",
    (index) => store.snapshots({ subject: subjects[index]! }),
    get,
  );
  await compare(
    "summary of a subject in a context",
    (index) => store.subjectSummary(subjects[index]!, contexts[index]!),
    get,
  );
  await compare(
    "summaries of a context of 100",
    (index) => store.subjectSummaries({ context: contexts[index]! }),
    list,
  );
  await compare(
    "a page of 50 of a context of 100",
    (index) => store.summaryPage(contexts[index]!, { limit: 50 }),
    list,
  );
  await compare(
    "count of a context",
    (index) => store.count(contexts[index]!),
    get,
  );
  await compare(
    "poll of a context with nothing new",
    (index) =>
      store.changesSince(store.lastSequence - 1, {
        context: contexts[index]!,
      }),
    get,
  );
  await compare(
    "poll of 100 changes",
    () => store.changesSince(store.lastSequence - 100),
    list,
  );
  await compare(
    "expire before any deadline",
    () => store.expire(START - 1),
    get,
  );
  const due = random.slice(0, 1_000);
  await compare(
    "expire 1,000 entries",
    {
      before: () => due.forEach((index) => publish(index, START - 1 - time)),
      run: () => store.expire(START),
      after: () => due.forEach((index) => publish(index)),
    },
    {
      run: () => due.forEach((index) => map.delete(keys[index]!)),
      after: () => due.forEach(getAndSet),
    },
    random,
    1,
  );
  // The last: from here on, some deadlines are not after START.
  let earliest = START;
  await compare(
    "publish with an earlier deadline",
    (index) => publish(index, --earliest - time),
    getAndSet,
  );
  return costs;
}

function sideOf(side: Side | Side["run"]): Side {
  return typeof side === "function" ? { run: (index) => side(index) } : side;
}

/** Times two sides in turns. */
async function costOf(
  ours: Side,
  baseline: Side,
  { order, turn, rounds }: {
    readonly order: readonly number[];
    readonly turn: number;
    readonly rounds: number;
  },
): Promise<Omit<Cost, "operation">> {
  const nanoseconds: number[] = [];
  const ratios: number[] = [];
  let first = 0;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    // The compiler works beside the warm-up, and is to be done by now.
    if (round === 0) await new Promise((done) => setTimeout(done, 100));
    let [spent, spentByBaseline, count] = [0, 0, 0];
    while (Math.min(spent, spentByBaseline) < ROUND_MS) {
      const end = first + turn;
      spent += timeOf(ours, order, first, end);
      spentByBaseline += timeOf(baseline, order, first, end);
      first = end % order.length;
      count += turn;
      if (first + turn > order.length) first = 0;
    }
    if (round < 0) continue;
    nanoseconds.push(spent / count * 1e6);
    ratios.push(spent / spentByBaseline);
  }
  return { ours: median(nanoseconds), ratio: median(ratios) };
}

function timeOf(
  side: Side,
  order: readonly number[],
  first: number,
  end: number,
): number {
  side.before?.();
  const start = performance.now();
  for (let place = first; place < end; place++) sink = side.run(order[place]!);
  const spent = performance.now() - start;
  side.after?.();
  return spent;
}

function update(
  subject: string,
  context: string,
  index: number,
  ttl = TTL,
): PresenceUpdate<BenchModel> {
  time++;
  return {
    subject,
    context,
    resource: RESOURCE,
    origin: ORIGINS[index % ORIGINS.length]!,
    visibility: "public",
    observedAt: time,
    expiry: time + ttl,
    facets: {
      availability: "available",
      activity: time % 2 === 0 ? "editing" : "idle",
      location: "Lisbon",
    },
  };
}

function subjectAt(index: number): string {
  return copyOf(`subject-${index}`);
}

function contextAt(index: number): string {
  return copyOf(`context-${Math.floor(index / PER_CONTEXT)}`);
}

function joined(context: string, subject: string): string {
  return `${context}/${subject}/${RESOURCE}`;
}

/** Returns an equal string that is another object, as if from a wire. */
function copyOf(text: string): string {
  return text.split("").join("");
}

function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  return order;
}

/** Returns the bytes in use; `NaN` without `--v8-flags=--expose-gc`. */
function heapInUse(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return NaN;
  gc();
  gc();
  return Deno.memoryUsage().heapUsed;
}

/** Formats a cost as in the table of the README. */
function cellOf({ ours, ratio }: Cost): string {
  if (Number.isNaN(ratio)) return `${Math.round(ours)}`;
  const cost = ours < 10_000
    ? `${Math.round(ours)} ns`
    : `${Math.round(ours / 1_000)} µs`;
  return `${cost} (${ratio.toFixed(1)})`;
}

if (import.meta.main) {
  const sizes = Deno.args.length > 0 ? Deno.args.map(Number) : SIZES;
  if (!sizes.every((size) => size >= 1_000)) {
    console.error(
      `Cannot measure ${Deno.args}: sizes are numbers from 1000 on`,
    );
    Deno.exit(1);
  }
  const columns: Cost[][] = [];
  for (const size of sizes) columns.push(await benchStore(size));
  const heads = sizes.map((size) => `${size.toLocaleString("en")} entries`);
  console.log(`| operation | ${heads.join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(heads.length)}`);
  for (const [row, { operation }] of columns[0]!.entries()) {
    const cells = columns.map((costs) => cellOf(costs[row]!));
    console.log(`| ${operation} | ${cells.join(" | ")} |`);
  }
  void sink;
}
