import { backboneSuite } from "../backbone_suite.ts";
import { RedisServer } from "../testing/redis_server.ts";
import { RedisBackbone } from "./mod.ts";
import { CONNECTORS } from "./testing/connectors.ts";

const ignore = !RedisServer.isInstalled;

Deno.test({
  name: "RedisBackbone does what a backbone must do",
  ignore,
  async fn(t) {
    await using server = await RedisServer.start();
    for (const [client, connectorOf] of Object.entries(CONNECTORS)) {
      for (const { name, run } of backboneSuite()) {
        await t.step(`with ${client}: ${name}`, async () => {
          await server.ask("FLUSHALL");
          await run({
            open: () => new RedisBackbone(connectorOf(server.port)),
            forget: async () => {
              await server.ask("FLUSHALL");
            },
          });
        });
      }
    }
  },
});
