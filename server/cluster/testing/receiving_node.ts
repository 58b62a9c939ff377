/**
 * A node that waits for joins through another one:
 * `receiving_node.ts BACKBONE PORT CONTEXTS JOINS`. It says when it follows all
 * contexts, and when it has all entries.
 *
 * @module
 */

import { PresenceServer } from "../../mod.ts";
import { joinCluster } from "../mod.ts";
import { contextsOf, hasEntries, type MeasuredModel } from "./measure.ts";
import { KITS } from "./measured_backbones.ts";

const [name, port, contexts, joins] = Deno.args;
const kit = KITS.find((kit) => kit.name === name);
if (kit === undefined) throw new Error(`There is no backbone ${name}`);

const server = new PresenceServer<MeasuredModel>();
const { backbone } = await kit.dial(Number(port));
const cluster = joinCluster(server, backbone);
for await (const status of cluster.watchStatus()) {
  if (status === "connected") break;
}
const all = contextsOf(Number(contexts));
const each = Number(joins) / all.length;
const arrived = all.map((context) => hasEntries(server, context, each));
await Promise.all(all.map((context) => server.follow(context)));
console.log("ready");
await Promise.all(arrived);
console.log("done");
Deno.exit();
