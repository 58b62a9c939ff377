import { assert, assertEquals } from "@std/assert";
import { OwnLease } from "./own_lease.ts";

/** Returns the contexts that the next renewal names. */
function named(lease: OwnLease): string[] {
  return lease.next().written.map(([context]) => context);
}

Deno.test("OwnLease names a written context in one renewal, with the last revision", () => {
  const lease = new OwnLease("a", {});
  lease.wrote("c1", 1);
  lease.wrote("c2", 2);
  lease.wrote("c1", 3);
  assertEquals(lease.next().written, [["c1", 3], ["c2", 2]]);
  lease.wrote("c2", 4);
  assertEquals(lease.next().written, [["c2", 4]]);
  assertEquals(lease.next().written, []);
});

Deno.test("OwnLease counts its renewals, and keeps nothing of a former life", () => {
  const lease = new OwnLease("a", {});
  lease.wrote("c1", 1);
  lease.announced = "memory";
  lease.next();
  const former = lease.next();
  assertEquals([former.node, former.count], ["a", 2]);
  lease.beginLife();
  const { epoch, ...next } = lease.next();
  assert(epoch !== former.epoch);
  assertEquals(next, { node: "a", count: 1, announced: "", written: [] });
});

Deno.test("OwnLease names no more contexts at once than a renewal holds, and skips none", () => {
  const lease = new OwnLease("a", {});
  const nameOf = (kind: string, index: number) =>
    `${kind}${String(index).padStart(96, "0")}`;
  const cold = new Set<string>();
  for (let turn = 0; turn < 200; turn++) {
    for (let index = 0; index < 700; index++) {
      lease.wrote(nameOf("hot ", index), turn);
    }
    const once = nameOf("cold", turn);
    lease.wrote(once, turn);
    cold.add(once);
    const names = named(lease);
    assert(names.join("").length <= 65_536, "it is no longer than that");
    assert(names.length > 600, "nor shorter");
    for (const name of names) cold.delete(name);
  }
  // Except those of the last renewals.
  assert(cold.size <= 2, `${cold.size} were never named`);
});

Deno.test("OwnLease names a context that is longer than a renewal holds", () => {
  const lease = new OwnLease("a", {});
  const long = "x".repeat(100_000);
  lease.wrote(long, 1);
  lease.wrote("c1", 1);
  assertEquals([named(lease), named(lease), named(lease)], [
    [long],
    ["c1"],
    [],
  ]);
});
