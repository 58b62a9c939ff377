import { Redis } from "ioredis";
import { createClient } from "redis";
import { fromIoredis, fromNodeRedis, type RedisConnector } from "../mod.ts";

/** The connectors to test, by the name of their client. */
export const CONNECTORS: Readonly<
  Record<string, (port: number) => RedisConnector>
> = {
  ioredis: (port) => fromIoredis(new Redis({ port, lazyConnect: true })),
  "ioredis by RESP2": (port) =>
    fromIoredis(new Redis({ port, lazyConnect: true, protocol: 2 })),
  "node-redis": (port) => fromNodeRedis(createClient({ socket: { port } })),
  "node-redis by RESP2": (port) =>
    fromNodeRedis(createClient({ socket: { port }, RESP: 2 })),
};

/** Makes one of them. */
export function connectorOf(client: string, port: number): RedisConnector {
  const connector = CONNECTORS[client]?.(port);
  if (connector === undefined) throw new Error(`No client ${client}`);
  return connector;
}
