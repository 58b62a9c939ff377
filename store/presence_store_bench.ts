/**
 * The cost of each operation of the store, beside the least that a `Map` would
 * cost for it. The stores hold 10,000, 100,000 and 1,000,000 entries: contexts
 * of 100 subjects, 3 facets and a deadline each.
 */

import type { PresenceModel, PresenceUpdate } from "../core/mod.ts";
import { PresenceStore } from "./mod.ts";

interface BenchModel extends PresenceModel {
  subject: string;
  context: string;
  resource: string;
  origin: string;
  facets: { location: string };
}

const SIZES = [10_000, 100_000, 1_000_000];
const PER_CONTEXT = 100;
const START = 1_700_000_000_000;
const TTL = 60_000;
const RESOURCE = "browser-tab";
const ORIGINS = Array.from({ length: 16 }, (_, index) => `gateway-${index}`);

let time = START;

function subjectAt(index: number): string {
  return copyOf(`subject-${index}`);
}

function contextAt(index: number): string {
  return copyOf(`context-${Math.floor(index / PER_CONTEXT)}`);
}

/** Returns an equal string that is another object, as if from a wire. */
function copyOf(text: string): string {
  return text.split("").join("");
}

function update(
  subject: string,
  context: string,
  index: number,
  ttl: number,
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

const { gc: collectGarbage } = globalThis as { gc?: () => void };
if (collectGarbage === undefined) {
  console.error("Memory is not measured: that wants --v8-flags=--expose-gc");
}

/** Returns the heap bytes of a value; `NaN` if unknown. */
function heapInUse(): number {
  if (collectGarbage === undefined) return NaN;
  collectGarbage();
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  return order;
}

function fill(size: number): PresenceStore<BenchModel> {
  const before = heapInUse();
  const store = new PresenceStore<BenchModel>();
  for (let index = 0; index < size; index++) {
    store.publish(update(subjectAt(index), contextAt(index), index, TTL));
  }
  const bytes = Math.round((heapInUse() - before) / size);
  console.error(`${size.toLocaleString("en")} entries: ${bytes} bytes each`);
  return store;
}

for (const size of SIZES) benchSize(size);

function benchSize(size: number): void {
  const store = fill(size);
  const subjects = Array.from({ length: size }, (_, i) => subjectAt(i));
  const contexts = Array.from({ length: size }, (_, i) => contextAt(i));
  const joined = (index: number) =>
    copyOf(`${contextAt(index)}/${subjectAt(index)}/${RESOURCE}`);
  const keys = Array.from({ length: size }, (_, index) => joined(index));
  const map = new Map<string, unknown>();
  const maps: Map<string, unknown>[] = [];
  for (let index = 0; index < size; index++) {
    const value = update(subjectAt(index), contextAt(index), index, TTL);
    map.set(joined(index), value);
    if (index % PER_CONTEXT === 0) maps.push(new Map());
    maps.at(-1)?.set(subjectAt(index), value);
  }
  const inOrder = Array.from({ length: size }, (_, index) => index);
  const random = shuffled(size);

  /** Registers an operation and its baseline, each called with an index. */
  function compare(
    operation: string,
    ours: (index: number) => unknown,
    baseline: (index: number) => unknown,
    order = random,
  ): void {
    const group = `${operation}, ${size.toLocaleString("en")} entries`;
    let next = 0;
    const step = () => order[next = (next + 1) % size]!;
    Deno.bench({ name: "Map", group, baseline: true }, () => {
      baseline(step());
    });
    Deno.bench({ name: "PresenceStore", group }, () => {
      ours(step());
    });
  }

  const publish = (index: number, ttl = TTL) =>
    store.publish(update(subjects[index]!, contexts[index]!, index, ttl));
  const getAndSet = (index: number) => {
    const key = keys[index]!;
    const there = map.get(key);
    map.set(key, update(subjects[index]!, contexts[index]!, index, TTL));
    return there;
  };
  const list = (index: number) => {
    const values: unknown[] = [];
    const there = maps[Math.floor(index / PER_CONTEXT)]!;
    for (const value of there.values()) values.push(value);
    return values;
  };

  compare("publish to an existing entry, random order", publish, getAndSet);
  compare(
    "publish to an existing entry, order of insertion",
    publish,
    getAndSet,
    inOrder,
  );
  compare(
    "publish a new entry and withdraw it",
    (index) => {
      const newcomer = update(`new-${index}`, contexts[index]!, index, TTL);
      store.publish(newcomer);
      store.withdraw(newcomer);
    },
    (index) => {
      const key = `${contexts[index]}/new-${index}/${RESOURCE}`;
      map.set(key, update(`new-${index}`, contexts[index]!, index, TTL));
      map.delete(key);
    },
  );
  compare(
    "snapshot",
    (index) =>
      store.snapshot({
        subject: subjects[index]!,
        context: contexts[index]!,
        resource: RESOURCE,
        origin: ORIGINS[index % ORIGINS.length]!,
      }),
    (index) => map.get(keys[index]!),
  );
  compare(
    "snapshots of a context of 100",
    (index) => store.snapshots({ context: contexts[index]! }),
    list,
  );
  compare(
    "summaries of a context of 100",
    (index) => store.subjectSummaries({ context: contexts[index]! }),
    list,
  );
  compare(
    "a page of 50 of a context of 100",
    (index) => store.summaryPage(contexts[index]!, { limit: 50 }),
    list,
  );
  compare(
    "snapshots of a subject",
    (index) => store.snapshots({ subject: subjects[index]! }),
    (index) => map.get(keys[index]!),
  );
  compare(
    "count of a context",
    (index) => store.count(contexts[index]!),
    (index) => map.get(keys[index]!),
  );
  compare(
    "poll of a context with nothing new",
    (index) =>
      store.changesSince(store.lastSequence - 1, {
        context: contexts[index]!,
      }),
    (index) => map.get(keys[index]!),
  );
  compare(
    "poll of 100 changes",
    () => store.changesSince(store.lastSequence - 100),
    list,
  );
  compare(
    "expire before any deadline",
    () => store.expire(START - 1),
    (index) => map.get(keys[index]!),
  );

  const group = `expire 1,000 entries, ${size.toLocaleString("en")} entries`;
  const due = random.slice(0, 1000);
  Deno.bench({ name: "Map", group, baseline: true }, (bench) => {
    bench.start();
    for (const index of due) map.delete(keys[index]!);
    bench.end();
    for (const index of due) getAndSet(index);
  });
  Deno.bench({ name: "PresenceStore", group }, (bench) => {
    for (const index of due) publish(index, START - 1 - time);
    bench.start();
    store.expire(START);
    bench.end();
    for (const index of due) publish(index);
  });

  // The last: from here on, some deadlines are not after START.
  let earliest = START;
  compare(
    "publish with an earlier deadline",
    (index) => publish(index, --earliest - time),
    getAndSet,
  );
}
