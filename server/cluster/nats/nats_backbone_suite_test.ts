/**
 * The contract of a backbone, on a real server, with a bucket for each case.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import { type BackboneCase, backboneSuite } from "../backbone_suite.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { NatsBackbone } from "./mod.ts";

const KINDS = {
  "on disk": { storage: "file", isMadeByOthers: false },
  "in memory": { storage: "memory", isMadeByOthers: false },
  "that others have made": { storage: "file", isMadeByOthers: true },
} as const;

/**
 * Cases in which a row is written twice in a row. A consumer, by which a bucket
 * that does not republish is heard, may skip a value that is superseded by then.
 */
const TELL_ALL = [
  "follow() delivers all later changes in order",
  "write() and read() distinguish all ids and values",
  "purge() removes the rows of a life and notifies nobody",
];

/** The cases for a bucket. */
function casesOf(isMadeByOthers: boolean): readonly BackboneCase[] {
  const all = backboneSuite();
  if (!isMadeByOthers) return all;
  const cases = all.filter(({ name }) => !TELL_ALL.includes(name));
  assertEquals(cases.length, all.length - TELL_ALL.length);
  return cases;
}

for (const [kind, { storage, isMadeByOthers }] of Object.entries(KINDS)) {
  Deno.test({
    name: `NatsBackbone does what a backbone must do, in a bucket ${kind}`,
    ignore: !NatsServer.isInstalled,
    async fn(t) {
      await using server = await NatsServer.start();
      for (const [index, { name, run }] of casesOf(isMadeByOthers).entries()) {
        await t.step(name, async () => {
          const bucket = `case-${index}`;
          const connections: NatsConnection[] = [];
          const connect = async () => {
            const nats = await server.connect();
            connections.push(nats);
            return nats;
          };
          const open = async () =>
            new NatsBackbone(await connect(), { bucket, storage });
          const forget = async () => {
            const { streams } = await jetstreamManager(await connect());
            await streams.delete(`KV_${bucket}`);
          };
          try {
            if (isMadeByOthers) await new Kvm(await connect()).create(bucket);
            await run({ open, forget });
          } finally {
            for (const nats of connections) await nats.close();
          }
        });
      }
    },
  });
}
