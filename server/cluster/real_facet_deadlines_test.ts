/**
 * Facets with deadlines, with the clocks of real backbones.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PresenceServer } from "../mod.ts";
import { Mirror, update } from "../testing/harness.ts";
import { eventually } from "../testing/waiting.ts";
import { type Cluster, joinCluster, type PresenceBackbone } from "./mod.ts";
import { type Dialled, KITS } from "./testing/measured_backbones.ts";
import { NatsServer } from "./testing/nats_server.ts";
import { RedisServer } from "./testing/redis_server.ts";

const INSTALLED = new Map([
  ["redis", RedisServer.isInstalled],
  ["nats", NatsServer.isInstalled],
]);

/** No lease runs out in this test. */
const LEASE_MS = 300_000;

function join(server: PresenceServer, backbone: PresenceBackbone): Cluster {
  return joinCluster(server, backbone, {
    leaseTtlMs: LEASE_MS,
    onError: () => {},
  });
}

function isEditing({ store }: PresenceServer): boolean {
  return store.snapshots({ subject: "alice" })
    .some(({ facets }) => facets.activity === "editing");
}

for (const { name, start, dial } of KITS) {
  Deno.test({
    name:
      `joinCluster() over ${name} ends a facet at the other nodes after its owner was killed`,
    ignore: INSTALLED.get(name) !== true,
    async fn() {
      await using backend = await start();
      const dialled: Dialled[] = [];
      const connect = async () => {
        const one = await dial(backend.port);
        dialled.push(one);
        return one.backbone;
      };
      using owner = new PresenceServer();
      using other = new PresenceServer();
      using late = new PresenceServer();
      const a = join(owner, await connect());
      const b = join(other, await connect());
      const mirror = new Mirror(other.watch({ context: "doc-1" }));
      await mirror.read();
      await eventually(() => b.nodes().length === 2, "both live");
      const facetDeadlines = { activity: owner.now + 3_000 };
      const facets = { activity: "editing" } as const;
      owner.receive(update({ facets, facetDeadlines }));
      await eventually(() => isEditing(other), "the other shows it");
      await a.leave({ keep: true });
      await eventually(() => !isEditing(other), "it has ended");
      assertEquals(other.store.count("doc-1").subjects, 1);
      const c = join(late, await connect());
      await eventually(() => late.follow("doc-1"), "it is read");
      assertEquals(late.store.count("doc-1").subjects, 1);
      assertEquals(isEditing(late), false);
      await Promise.all([b.leave(), c.leave()]);
      for (const { close } of dialled) await close();
    },
  });
}
