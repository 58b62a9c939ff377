import {
  type EntryKey,
  entryKeyOf,
  type PresenceUpdate,
} from "../../core/mod.ts";
import type { PresenceBatch, PresenceViewEvent, Watch } from "../mod.ts";
import { PresenceView } from "../mod.ts";

/** Makes an update whose time is now; alice is in doc-1 if nothing is said. */
export function update(
  fields: Partial<PresenceUpdate> = {},
): PresenceUpdate {
  return {
    subject: "alice",
    context: "doc-1",
    origin: "tab",
    visibility: "public",
    observedAt: Date.now(),
    expiry: "never",
    facets: {},
    ...fields,
  };
}

/** The key of an update, for `withdraw`. */
export function keyOf(fields: Partial<PresenceUpdate> = {}): EntryKey {
  return entryKeyOf(update(fields));
}

/** Runs all microtasks that are due, and those that they make. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Tells whether a promise settles without time going by. */
export async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => settled = true;
  promise.then(settle, settle);
  await flush();
  return settled;
}

/** Takes what a watch gives without time going by. */
export class Reader<T> {
  readonly watch: Watch<T>;
  readonly values: T[] = [];
  done = false;
  #taken = 0;
  #pending: Promise<void> | undefined;

  constructor(watch: Watch<T>) {
    this.watch = watch;
  }

  /** Reads on until the watch has to wait, or so many values. */
  async read(limit = Infinity): Promise<T[]> {
    const first = this.#taken;
    while (!this.done && this.values.length - first < limit) {
      this.#pending ??= this.watch.next().then((result) => {
        this.#pending = undefined;
        if (result.done) this.done = true;
        else this.values.push(result.value);
      });
      if (!await settles(this.#pending)) break;
    }
    this.#taken = this.values.length;
    return this.values.slice(first);
  }
}

/** A watch and the mirror that it feeds. */
export class Mirror {
  readonly view: PresenceView = new PresenceView();
  readonly reader: Reader<PresenceBatch>;

  constructor(watch: Watch<PresenceBatch>) {
    this.reader = new Reader(watch);
  }

  /** Reads until the watch has to wait; tells the events of every batch. */
  async read(): Promise<PresenceViewEvent[][]> {
    const batches = await this.reader.read();
    return batches.map((batch) => this.view.apply(batch));
  }

  /** The same, as `"joined alice"`, of all batches together. */
  async told(): Promise<string[]> {
    return (await this.read()).flat()
      .map(({ type, subject }) => `${type} ${subject}`);
  }
}

/** Counts the calls of a method until it is disposed of. */
export function countCalls<T extends object>(
  target: T,
  name: keyof T & string,
): { readonly calls: number } & Disposable {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") throw new TypeError(`No method ${name}`);
  let calls = 0;
  Object.assign(target, {
    [name]: function (this: unknown, ...args: unknown[]): unknown {
      calls++;
      return Reflect.apply(original, this, args);
    },
  });
  return {
    get calls() {
      return calls;
    },
    [Symbol.dispose]: () => void Object.assign(target, { [name]: original }),
  };
}

/** An abort signal, and how many listeners it has. */
export function countedSignal(): {
  readonly controller: AbortController;
  readonly signal: AbortSignal;
  readonly listeners: number;
} {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  return {
    controller,
    signal,
    get listeners() {
      return listeners;
    },
  };
}

/** How often the property tests run. */
export const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

/** By how much a wall clock is set in tests: back, a little ahead, far ahead. */
export const STEPS: readonly number[] = [-3_600_000, 40_000, 3_600_000];

/** The clocks of a server under fake time, whose wall clock can be set. */
export class SetClock {
  #ahead = 0;
  readonly clock = (): number => Date.now() + this.#ahead;
  readonly steadyClock = (): number => Date.now();

  /** How far the wall clock is ahead of the other one. No option of a server. */
  set ahead(ms: number) {
    this.#ahead = ms;
  }
}
