/**
 * Three services in their own processes over a real backbone, with clients of
 * phoenix.js at each. One dies, one is cut off from the backbone, and one is
 * paused for longer than its lease, while people come and go. In the end all
 * clients show the same.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Service } from "../service/testing/service.ts";
import { PhoenixClient } from "../phoenix/testing/phoenix_client.ts";
import { eventually } from "../testing/waiting.ts";
import { NatsServer } from "./testing/nats_server.ts";
import { RedisServer } from "./testing/redis_server.ts";
import { TcpProxy } from "./testing/tcp_proxy.ts";

/** How long a test waits at most. */
const PATIENCE_MS = 60_000;

/** How long without a sign of life until a server gives another one up. */
const LEASE_MS = 1_500;

const BACKBONES = [
  { name: "Redis", scheme: "redis", server: RedisServer },
  { name: "NATS", scheme: "nats", server: NatsServer },
];

function start(backbone: string, node: string, port = "0"): Promise<Service> {
  return Service.start([
    ...["--backbone", backbone],
    ...["--node", node],
    ...["--port", port],
    ...["--lease-ms", String(LEASE_MS)],
    ...["--grace-ms", "300"],
  ]);
}

/** Joins a client at a service, present under a name. */
function join({ url }: Service, key: string): Promise<PhoenixClient> {
  const meta = { name: key };
  return PhoenixClient.join({ url: socketUrl(url) }, { key, meta });
}

function socketUrl(url: string): string {
  return `${url.replace("http", "ws")}socket`;
}

/** Waits until all clients show exactly these people. */
async function allShow(
  clients: readonly PhoenixClient[],
  ...people: readonly string[]
): Promise<void> {
  const wanted = JSON.stringify(
    people.toSorted().map((name) => [name, [{ name }]]),
  );
  const shown = () =>
    clients.map((client) =>
      JSON.stringify(
        Object.entries(client.shown).toSorted(([a], [b]) => a < b ? -1 : 1),
      )
    );
  const end = Date.now() + PATIENCE_MS;
  while (shown().some((text) => text !== wanted)) {
    if (Date.now() > end) assertEquals(shown(), clients.map(() => wanted));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const { name, scheme, server } of BACKBONES) {
  Deno.test({
    name:
      `three services over ${name} agree although one dies, one is cut off and one is paused`,
    ignore: !server.isInstalled,
    async fn() {
      await using backbone = await server.start();
      await using proxy = await TcpProxy.start(backbone.port);
      const direct = `${scheme}://127.0.0.1:${backbone.port}`;
      const proxied = `${scheme}://127.0.0.1:${proxy.port}`;
      await using a = await start(direct, "a");
      await using b = await start(direct, "b");
      await using c = await start(proxied, "c");

      await using stack = new AsyncDisposableStack();
      const people = async (service: Service, ...names: string[]) => {
        const clients = [];
        for (const name of names) {
          clients.push(stack.use(await join(service, name)));
        }
        return clients;
      };
      const atA = await people(a, "ann", "abe");
      const atB = await people(b, "bob", "bea");
      const atC = await people(c, "cyd", "cal");
      const everybody = ["ann", "abe", "bob", "bea", "cyd", "cal"];
      await allShow([...atA, ...atB, ...atC], ...everybody);

      // Messages between people reach all services, too.
      assertEquals(await atA[0]?.push("wave", { hand: "left" }), "ok");
      await heard([...atB, ...atC], "left");

      const port = a.port;
      await a.kill();
      await allShow([...atB, ...atC], "bob", "bea", "cyd", "cal");

      proxy.cut();
      await atC[1]?.leave();
      const [late] = await people(c, "cora");
      await atB[1]?.leave();
      const [more] = await people(b, "ben");
      // The others have given them up; the node that is cut off holds them.
      await allShow(atB.slice(0, 1), "bob", "ben");
      await allShow(atC.slice(0, 1), "bob", "bea", "cyd", "cora");

      await using again = await start(direct, "a", port);
      await allShow([...atA, ...atB.slice(0, 1)], "ann", "abe", "bob", "ben");

      proxy.heal();
      const remaining = [...atA, ...atB.slice(0, 1), ...atC.slice(0, 1)];
      if (late !== undefined) remaining.push(late);
      if (more !== undefined) remaining.push(more);
      const all = ["ann", "abe", "bob", "ben", "cyd", "cora"];
      await allShow(remaining, ...all);
      assertEquals(again.port, port);

      // A paused service is given up after its lease, until it resumes.
      b.pause(true);
      const elsewhere = [...atA, ...atC.slice(0, 1)];
      await allShow(elsewhere, "ann", "abe", "cyd", "cora");
      await atA[1]?.leave();
      b.pause(false);
      const rest = remaining.filter((client) => client !== atA[1]);
      await allShow(rest, ...all.filter((name) => name !== "abe"));
    },
  });
}

/** Waits until all clients have received a wave. */
function heard(clients: readonly PhoenixClient[], hand: string): Promise<void> {
  const said = `"hand":"${hand}"`;
  return eventually(
    () => clients.every(({ heard }) => JSON.stringify(heard).includes(said)),
    `all have heard of ${hand}`,
  );
}
