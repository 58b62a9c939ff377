/** Clusters in which the wall clock of a node or of the backbone is set while it
 * runs. */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceUpdate } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { SetClock, STEPS, update } from "../testing/harness.ts";
import { type Cluster, joinCluster, MemoryBackbone } from "./mod.ts";

const leaseTtlMs = 300;

/** A node whose wall clock can be set. */
class Node {
  readonly wall = new SetClock();
  readonly server: PresenceServer = new PresenceServer({
    ...this.wall,
    graceMs: 1_000,
  });
  readonly cluster: Cluster;
  readonly told: string[] = [];

  constructor(name: string, backbone: MemoryBackbone) {
    this.cluster = joinCluster(this.server, backbone, {
      node: name,
      leaseTtlMs,
      onError: (error) => this.told.push(String(error)),
    });
    this.#watch();
  }

  /** Publishes a subject by a connection of this node. */
  publish(subject: string, fields: Partial<PresenceUpdate> = {}): void {
    const observedAt = this.wall.clock();
    const expiry = observedAt + 30_000;
    this.server.receive(update({ subject, observedAt, expiry, ...fields }));
  }

  /** Returns the present subjects and their activities. */
  shown(): string[] {
    return this.server.store.subjectSummaries({ context: "doc-1" })
      .map(({ subject, activity }) => `${subject} ${activity ?? "is here"}`)
      .sort();
  }

  async #watch(): Promise<void> {
    for await (const batch of this.server.watch({ context: "doc-1" })) {
      if (batch.type === "baseline") continue;
      for (const { type } of batch.changes) this.told.push(type);
    }
  }
}

/** Two nodes at a backbone in memory whose clock can be set, in fake time. */
class Two implements Disposable {
  readonly #time = new FakeTime(10_000_000);
  readonly memory = new SetClock();
  readonly backbone = new MemoryBackbone({ clock: this.memory.clock });
  readonly a = new Node("a", this.backbone);
  readonly b = new Node("b", this.backbone);

  /** Advances the time and runs all microtasks. */
  async pass(duration: number): Promise<void> {
    for (let gone = 0; gone < duration; gone += 25) {
      this.#time.tick(25);
      for (let turn = 0; turn < 60; turn++) await Promise.resolve();
    }
  }

  /** Ends the nodes. */
  async end(): Promise<void> {
    for (const { cluster, server } of [this.a, this.b]) {
      await cluster.leave();
      server[Symbol.dispose]();
    }
    await this.pass(25);
  }

  [Symbol.dispose](): void {
    this.#time.restore();
  }
}

for (const step of STEPS) {
  const when = `is set by ${step / 1_000} s`;

  for (const whose of ["a node's clock", "the backbone's clock"]) {
    Deno.test(`no entry comes or goes when ${whose} ${when}`, async () => {
      using two = new Two();
      const { a, b, memory } = two;
      await two.pass(100);
      a.publish("ada");
      b.publish("bob");
      await two.pass(100);
      for (const { told } of [a, b]) told.length = 0;
      (whose === "a node's clock" ? a.wall : memory).ahead = step;
      for (let beat = 0; beat < 4; beat++) {
        await two.pass(leaseTtlMs);
        a.publish("ada");
        b.publish("bob");
      }
      for (const { told, cluster } of [a, b]) {
        assertEquals(told, []);
        assertEquals(cluster.status, "connected");
        assertEquals(cluster.nodes(), ["a", "b"]);
      }
      assertEquals(a.shown(), ["ada is here", "bob is here"]);
      assertEquals(b.shown(), a.shown());
      await two.end();
    });

    Deno.test(`a publisher that moves is at the node that it used last when ${whose} ${when}`, async () => {
      using two = new Two();
      const { a, b, memory } = two;
      await two.pass(100);
      a.publish("ada", { facets: { activity: "editing" } });
      await two.pass(100);
      (whose === "a node's clock" ? a.wall : memory).ahead = step;
      b.publish("ada", { facets: { activity: "idle" } });
      await two.pass(100);
      assertEquals([a.shown(), b.shown()], [["ada idle"], ["ada idle"]]);
      a.publish("ada", { facets: { activity: "editing" } });
      await two.pass(100);
      assertEquals([a.shown(), b.shown()], [["ada editing"], ["ada editing"]]);
      a.server.withdraw(update({ subject: "ada" }));
      await two.pass(100);
      assertEquals([a.shown(), b.shown()], [[], []]);
      await two.end();
    });
  }

  Deno.test(`entries that are due at a node are due for all when its clock ${when}`, async () => {
    using two = new Two();
    const { a, b } = two;
    await two.pass(100);
    const facetDeadlines = { activity: a.wall.clock() + 1_000 };
    a.publish("ada", { facets: { activity: "editing" }, facetDeadlines });
    a.publish("bob", { expiry: a.wall.clock() + 2_000 });
    await two.pass(100);
    a.wall.ahead = step;
    await two.pass(800);
    assertEquals(b.shown(), ["ada editing", "bob is here"]);
    await two.pass(500);
    assertEquals(b.shown(), ["ada is here", "bob is here"]);
    await two.pass(400);
    assertEquals(b.shown(), ["ada is here", "bob is here"]);
    await two.pass(500);
    assertEquals(b.shown(), ["ada is here"]);
    assertEquals(a.shown(), b.shown());
    await two.end();
  });
}
