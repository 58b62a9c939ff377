import { setImmediate } from "node:timers";
import {
  type EntryKey,
  entryKeyOf,
  type PresenceUpdate,
} from "../../core/mod.ts";
import type { PresenceBatch, PresenceViewEvent, Watch } from "../mod.ts";
import { PresenceView } from "../mod.ts";

/** Returns an update at the current time; of alice in doc-1 by default. */
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

/** Returns the key of an update. */
export function keyOf(fields: Partial<PresenceUpdate> = {}): EntryKey {
  return entryKeyOf(update(fields));
}

/** Runs all pending microtasks, and those that they queue. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Lets what is due at the end of this turn of the event loop happen. */
export async function endOfTurn(): Promise<void> {
  await flush();
  await new Promise((resolve) => setImmediate(resolve));
}

/** Reports whether a promise settles without waiting. */
export async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => settled = true;
  promise.then(settle, settle);
  await flush();
  return settled;
}

/** Reads a watch without waiting. */
export class Reader<T> {
  readonly watch: Watch<T>;
  readonly values: T[] = [];
  done = false;
  #taken = 0;
  #pending: Promise<void> | undefined;

  constructor(watch: Watch<T>) {
    this.watch = watch;
  }

  /** Reads until the watch has to wait, or up to a number of values. */
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

  /** Reads until the watch has to wait; returns the events of every batch. */
  async read(): Promise<PresenceViewEvent[][]> {
    const batches = await this.reader.read();
    return batches.map((batch) => this.view.apply(batch));
  }

  /** Reads, and returns the events of all batches as `"joined alice"`. */
  async events(): Promise<string[]> {
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

/** Returns an abort signal that counts its listeners. */
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

/** The number of runs of a property test. */
export const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

/** The steps of a wall clock in tests: back, a little ahead, far ahead. */
export const STEPS: readonly number[] = [-3_600_000, 40_000, 3_600_000];

/** The clocks of a server under fake time. The wall clock can be set. */
export class SetClock {
  #ahead = 0;
  readonly clock = (): number => Date.now() + this.#ahead;
  readonly steadyClock = (): number => Date.now();

  /** How far the wall clock is ahead. A setter, as it is no option of a server. */
  set ahead(ms: number) {
    this.#ahead = ms;
  }
}
