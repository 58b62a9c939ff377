import { connect } from "@nats-io/transport-node";
import { Redis } from "ioredis";
import type { PresenceBackbone } from "../mod.ts";
import { NatsBackbone } from "../nats/mod.ts";
import { fromIoredis, RedisBackbone } from "../redis/mod.ts";
import { NatsServer } from "./nats_server.ts";
import { RedisServer } from "./redis_server.ts";

/** A backbone, and a function that closes its connection. */
export interface Dialled {
  readonly backbone: PresenceBackbone;
  close(): Promise<void>;
}

/** The bare client: two connections. */
export interface Bare {
  /** Publishes by one, and waits until the other has received it. */
  roundTrip(text: string): Promise<void>;
  close(): Promise<void>;
}

/** A backbone that is measured. */
export interface Kit {
  readonly name: string;
  start(): Promise<AsyncDisposable & { readonly port: number }>;
  dial(port: number): Promise<Dialled>;
  bare(port: number): Promise<Bare>;
}

const CHANNEL = "bare";

const redis: Kit = {
  name: "redis",
  start: () => RedisServer.start(),
  dial(port) {
    const client = new Redis(port);
    return Promise.resolve({
      backbone: new RedisBackbone(fromIoredis(client)),
      close: async () => void await client.quit(),
    });
  },
  async bare(port) {
    const [publisher, subscriber] = [new Redis(port), new Redis(port)];
    await subscriber.subscribe(CHANNEL);
    return {
      async roundTrip(text) {
        const heard = new Promise((resolve) =>
          subscriber.once("message", resolve)
        );
        await Promise.all([publisher.publish(CHANNEL, text), heard]);
      },
      async close() {
        await Promise.all([publisher.quit(), subscriber.quit()]);
      },
    };
  },
};

const nats: Kit = {
  name: "nats",
  start: () => NatsServer.start(),
  async dial(port) {
    const client = await connect({ port });
    return {
      backbone: new NatsBackbone(client),
      close: () => client.close(),
    };
  },
  async bare(port) {
    const publisher = await connect({ port });
    const subscriber = await connect({ port });
    let heard = () => {};
    subscriber.subscribe(CHANNEL, { callback: () => heard() });
    await subscriber.flush();
    return {
      async roundTrip(text) {
        const { promise, resolve } = Promise.withResolvers<void>();
        heard = resolve;
        publisher.publish(CHANNEL, text);
        await promise;
      },
      async close() {
        await Promise.all([publisher.close(), subscriber.close()]);
      },
    };
  },
};

/** All measured backbones. */
export const KITS: readonly Kit[] = [redis, nats];
