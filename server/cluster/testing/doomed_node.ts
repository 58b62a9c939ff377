/**
 * A node that holds many entries until it is killed:
 * `doomed_node.ts BACKBONE PORT ENTRIES LEASE_TTL_MS`.
 *
 * @module
 */

import { KITS } from "./measured_backbones.ts";
import { entry, Node } from "./measure.ts";

const [name, port, entries, leaseTtlMs] = Deno.args;
const kit = KITS.find((kit) => kit.name === name);
if (kit === undefined) throw new Error(`There is no backbone ${name}`);

const node = await Node.start(kit, Number(port), {
  node: "doomed",
  leaseTtlMs: Number(leaseTtlMs),
});
for (let n = 0; n < Number(entries); n++) node.server.receive(entry(n, "doc"));
