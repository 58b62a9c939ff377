import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { type ClusterOptions, joinCluster, MemoryBackbone } from "./mod.ts";
import { Lab } from "./testing/lab.ts";

function refused(options: ClusterOptions, message: string): void {
  using server = new PresenceServer();
  assertThrows(
    () => joinCluster(server, new MemoryBackbone(), options),
    InvalidValueError,
    message,
  );
  // The server has joined no cluster.
  server.replicate({ put() {}, removed() {}, watched() {} });
}

Deno.test("joinCluster() refuses a time that no timer can wait", () => {
  const rule = "must be a positive number of at most 2147483647: received";
  refused({ leaseTtlMs: 0 }, `Cannot join cluster: leaseTtlMs ${rule} 0`);
  refused({ leaseTtlMs: Infinity }, `leaseTtlMs ${rule} Infinity`);
  refused({ renewalMs: -1 }, `Cannot join cluster: renewalMs ${rule} -1`);
  refused({ holdMs: NaN }, `Cannot join cluster: holdMs ${rule} NaN`);
});

Deno.test("joinCluster() refuses a renewal that comes after the lease has run out", () => {
  refused(
    { leaseTtlMs: 100, renewalMs: 100 },
    "Cannot join cluster: renewalMs must be less than leaseTtlMs, 100: received 100",
  );
});

Deno.test("joinCluster() refuses a name that is empty or not well-formed", () => {
  refused(
    { node: "\ud800" },
    'Cannot join cluster: node must be a well-formed string that is not empty: received "\\ud800"',
  );
  refused(
    { node: "" },
    'Cannot join cluster: node must be a well-formed string that is not empty: received ""',
  );
});

Deno.test("joinCluster() refuses a server that is in a cluster", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  assertThrows(
    () => joinCluster(a.server, new MemoryBackbone()),
    TypeError,
    "Cannot replicate server: it is replicated already",
  );
});

Deno.test("joinCluster() gives every node its own name by default", async () => {
  using lab = new Lab();
  const backbone = new MemoryBackbone();
  using one = new PresenceServer();
  using other = new PresenceServer();
  await using a = joinCluster(one, backbone);
  await using b = joinCluster(other, backbone);
  await lab.pass();
  assertEquals(a.nodes(), [a.node, b.node].sort());
  assertEquals(new Set(a.nodes()).size, 2);
});

for (const [renewalMs, times] of [[undefined, 3], [30, 10]] as const) {
  Deno.test(`joinCluster() renews the lease ${times} times while it lives, if renewalMs is ${renewalMs}`, async () => {
    using lab = new Lab();
    await lab.start("a", {}, { leaseTtlMs: 300, renewalMs });
    await lab.pass(300);
    const before = lab.network.calls.get("renew") ?? 0;
    await lab.pass(3_000);
    const renewals = (lab.network.calls.get("renew") ?? 0) - before;
    assert(Math.abs(renewals - 10 * times) <= 1, `${renewals} renewals`);
  });
}
