/**
 * A node that waits for joins through another one:
 * `receiving_node.ts BACKBONE PORT CONTEXTS JOINS`. It says when it follows all
 * contexts, and when it has all entries.
 *
 * @module
 */

import { KITS } from "./measured_backbones.ts";
import { contextsOf, Node } from "./measure.ts";

const [name, port, contexts, joins] = Deno.args;
const kit = KITS.find((kit) => kit.name === name);
if (kit === undefined) throw new Error(`There is no backbone ${name}`);

const node = await Node.start(kit, Number(port));
const all = contextsOf(Number(contexts));
const each = Number(joins) / all.length;
const arrived = all.map((context) => node.has(context, each));
await Promise.all(all.map((context) => node.server.follow(context)));
console.log("ready");
await Promise.all(arrived);
console.log("done");
Deno.exit();
