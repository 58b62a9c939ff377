import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Computed, sameItems, select } from "./readable.ts";

/** A value that a test changes, and the runs that it has scheduled. */
function valueOf<T>(first: T) {
  const runs: (() => void)[] = [];
  let now = first;
  const computed = new Computed<T>(() => now, (run) => runs.push(run));
  return {
    computed,
    runs,
    change(value: T): void {
      now = value;
      computed.invalidate();
    },
    settle(): void {
      for (const run of runs.splice(0)) run();
    },
  };
}

Deno.test("Computed.subscribe() tells many changes as one", () => {
  const { computed, runs, change, settle } = valueOf(0);
  const heard: number[] = [];
  const stop = computed.subscribe((value) => heard.push(value));
  change(1);
  change(2);
  assertEquals([runs.length, computed.get(), heard], [1, 2, []]);
  settle();
  assertEquals(heard, [2]);
  stop();
  change(3);
  settle();
  assertEquals([heard, computed.get()], [[2], 3]);
});

Deno.test("Computed calls what schedules as a function, as browsers require it", () => {
  const owners: unknown[] = [];
  const computed = new Computed<number>(() => 0, function (this: unknown) {
    owners.push(this);
  });
  computed.subscribe(() => {});
  computed.invalidate();
  assertEquals(owners, [undefined]);
});

Deno.test("Computed.subscribe() tells nothing of a change that was undone", () => {
  const { computed, change, settle } = valueOf("a");
  const heard: string[] = [];
  computed.subscribe((value) => heard.push(value));
  change("b");
  change("a");
  settle();
  assertEquals(heard, []);
});

Deno.test("select() takes a value that is not there yet", () => {
  const { computed, change } = valueOf<string | undefined>(undefined);
  const length = select(computed, (text) => text?.length ?? 0);
  assertEquals(length.get(), 0);
  change("ab");
  assertEquals(length.get(), 2);
});

Deno.test("a listener that ends during a change hears of it no more", () => {
  const { computed, change, settle } = valueOf(0);
  const heard: string[] = [];
  const stops = ["first", "second"].map((name) =>
    computed.subscribe(() => {
      heard.push(name);
      for (const stop of stops) stop();
    })
  );
  change(1);
  settle();
  assertEquals(heard, ["first"]);
});

Deno.test("select() tells changes of its part alone", () => {
  const { computed, change, settle } = valueOf({ name: "Ada", x: 0 });
  const heard: string[] = [];
  const name = select(computed, ({ name }) => name);
  name.subscribe((value) => heard.push(value));
  change({ name: "Ada", x: 1 });
  settle();
  change({ name: "Bob", x: 1 });
  settle();
  assertEquals(heard, ["Bob"]);
});

Deno.test("select() returns the same part while an equal one is selected", () => {
  const { computed, change, settle } = valueOf([1, 2, 3]);
  const even = select(
    computed,
    (all) => all.filter((n) => n % 2 === 0),
    sameItems,
  );
  let count = 0;
  even.subscribe(() => count++);
  const before = even.get();
  change([1, 2, 5]);
  settle();
  assertStrictEquals(even.get(), before);
  assertEquals(count, 0);
  change([4]);
  settle();
  assertEquals([even.get(), count], [[4], 1]);
});

Deno.test("select() selects once for each value", () => {
  const { computed, change } = valueOf({ n: 1 });
  let times = 0;
  const n = select(computed, (value) => {
    times++;
    return value.n;
  });
  n.get();
  n.get();
  change({ n: 2 });
  assertEquals([n.get(), n.get(), times], [2, 2, 2]);
});

Deno.test("sameItems() compares items by identity", () => {
  const item = {};
  assert(sameItems([item, NaN], [item, NaN]));
  assert(!sameItems([item], [{}]));
  assert(!sameItems([item], [item, item]));
});
