/**
 * A node that holds many entries until it is killed:
 * `doomed_node.ts BACKBONE PORT ENTRIES LEASE_TTL_MS`.
 *
 * @module
 */

import { PresenceServer } from "../../mod.ts";
import { joinCluster } from "../mod.ts";
import { entry, type MeasuredModel } from "./measure.ts";
import { KITS } from "./measured_backbones.ts";

const [name, port, entries, leaseTtlMs] = Deno.args;
const kit = KITS.find((kit) => kit.name === name);
if (kit === undefined) throw new Error(`There is no backbone ${name}`);

const server = new PresenceServer<MeasuredModel>();
const { backbone } = await kit.dial(Number(port));
joinCluster(server, backbone, {
  node: "doomed",
  leaseTtlMs: Number(leaseTtlMs),
});
for (let n = 0; n < Number(entries); n++) server.receive(entry(n, "doc"));
