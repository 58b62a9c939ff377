import { assert, assertEquals, assertFalse } from "@std/assert";
import { Interest } from "./interest.ts";

/** An interest, and what looks after it again and again. */
function looked(): {
  interest: Interest;
  pass: (duration: number) => string[];
} {
  let now = 1_000;
  const interest = new Interest(() => now);
  interest.takeIdle(300, 100);
  const pass = (duration: number) => {
    now += duration;
    return interest.takeIdle(300, 100);
  };
  return { interest, pass };
}

Deno.test("Interest is in a context with own entries or watchers, and for a while after that", () => {
  const { interest, pass } = looked();
  interest.add("a", "1");
  interest.add("a", "2");
  interest.watched("b", true);
  for (let turn = 0; turn < 10; turn++) assertEquals(pass(100), []);
  assert(interest.isOwn("a", "1"));
  interest.delete("a", "1");
  assertFalse(interest.isOwn("a", "1"));
  interest.watched("b", false);
  assertEquals(interest.idle(), ["b"]);
  assertEquals([pass(100), pass(100), pass(100)], [[], [], []]);
  interest.delete("a", "2");
  assertEquals(pass(100), ["b"]);
  assertEquals([pass(100), pass(100), pass(100)], [[], [], ["a"]]);
  assertEquals(interest.idle(), []);
});

Deno.test("Interest that comes back ends the wait, and one that is asked for begins it anew", () => {
  const { interest, pass } = looked();
  for (const context of ["own", "watched", "asked"]) interest.touch(context);
  pass(200);
  interest.add("own", "1");
  interest.watched("watched", true);
  interest.touch("own");
  interest.touch("asked");
  assertEquals([pass(100), pass(100), pass(100)], [[], [], []]);
  assertEquals([pass(100), pass(100)], [["asked"], []]);
});

Deno.test("Interest does not count the time in which nobody looked, nor that of a clock that is set back", () => {
  const { interest, pass } = looked();
  interest.touch("a");
  assertEquals([pass(10_000), pass(-10_000), pass(100)], [[], [], []]);
  assertEquals([pass(100), pass(100)], [[], ["a"]]);
});

Deno.test("Interest.postpone() begins all waits anew", () => {
  const { interest, pass } = looked();
  interest.touch("a");
  assertEquals([pass(100), pass(100), pass(100)], [[], [], []]);
  interest.postpone(1_000);
  assertEquals([pass(100), pass(100), pass(100)], [[], [], []]);
  assertEquals(pass(100), ["a"]);
  interest.touch("b");
  interest.forget("b");
  assertEquals(interest.idle(), []);
});

Deno.test("Interest.postpone() puts off nothing for ever", () => {
  const { interest, pass } = looked();
  interest.touch("a");
  interest.touch("b");
  const idle: string[][] = [];
  for (let turn = 1; turn <= 9; turn++) {
    idle.push(pass(100));
    interest.postpone(500);
    if (turn === 5) interest.touch("b");
  }
  assertEquals(idle, [[], [], [], [], [], [], [], [], ["a"]]);
  assertEquals(interest.idle(), ["b"]);
});
