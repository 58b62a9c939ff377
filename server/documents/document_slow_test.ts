import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { DocumentMessage } from "./mod.ts";
import {
  at,
  documents,
  flush,
  inWords,
  join,
  Reader,
  Watcher,
} from "./testing/harness.ts";

Deno.test("a slow reader receives the most active person as often as the others", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const fast = await join(presence, "fast");
  const slow = await Promise.all(
    Array.from({ length: 10 }, (_, n) => join(presence, `slow-${n}`)),
  );
  const watch = presence.watch("42");
  await watch.next();
  const told = new Map<string, number>();
  for (let step = 0; step < 400; step++) {
    fast.updateCursor(at(step));
    for (const [n, session] of slow.entries()) {
      if ((step + n) % 5 === 0) session.updateCursor(at(step));
    }
    await flush();
    // Two positions a step besides those of the fast one, and one is read.
    const { value } = await watch.next();
    assert(value?.type === "cursorMoved");
    told.set(value.userId, (told.get(value.userId) ?? 0) + 1);
    await time.tickAsync(50);
  }
  const most = Math.max(...told.values());
  assertEquals(told.size, 11);
  assert((told.get("fast") ?? 0) >= most - 1, [...told].join(" "));
});

Deno.test("a slow reader receives each kind of change of a person once, the latest", async () => {
  using time = new FakeTime(0);
  using all = documents({ maxPendingEvents: 10 });
  const { presence } = all;
  const ada = await join(presence);
  const watcher = await Watcher.begin(presence);
  for (let turn = 0; turn < 50; turn++) {
    ada.setFocused(false, { hidden: turn % 2 === 0 });
    ada.typed();
    await flush();
    ada.stoppedTyping();
    await flush();
    await time.tickAsync(10);
  }
  ada.setFocused(false, { hidden: true });
  await flush();
  assertEquals(await watcher.told(), [
    // The one that the read waited for.
    "ada types",
    "ada is away",
    "ada pauses",
  ]);
  assertEquals(presence.stats.statesResent, 0);
  // The event of an idle person takes the place of their activity.
  ada.setFocused(true);
  await flush();
  ada.setFocused(false, { hidden: true });
  await flush();
  ada.setFocused(true);
  await flush();
  await time.tickAsync(30_000);
  assertEquals(await watcher.told(), ["ada is viewing", "ada is idle"]);
});

Deno.test("a slow reader receives only the leave of a departed person, and everything of one who is back", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const reader = new Reader<DocumentMessage>(presence.watch("42"));
  await reader.read();
  const act = async () => {
    const ada = await join(presence);
    await flush();
    ada.updateCursor(at(1));
    ada.typed();
    ada.updateViewport({ topLine: 1, bottomLine: 2, scrollPercentage: 0 });
    await flush();
    await time.tickAsync(50);
    return ada;
  };
  const ada = await act();
  ada[Symbol.dispose]();
  await act();
  assertEquals((await reader.read()).map(inWords), [
    "ada joined",
    "ada left",
    "ada joined",
    "ada at 1",
    "ada types",
    "ada sees 1",
    "ada is editing",
  ]);
});

Deno.test("a state has the time of its delivery, even if nothing has changed for a while", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  await join(presence);
  const [first, second, later] = [1, 2, 3].map(() => presence.watch("42"));
  assert(first && second && later);
  const { value: state } = await first.next();
  const { value: same } = await second.next();
  assert(state === same, "who asks at once shares it");
  await time.tickAsync(20_000);
  const { value: anew } = await later.next();
  assertEquals([state?.timestamp, anew?.timestamp], [0, 20_000]);
});
