import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer, type PresenceServerOptions } from "../../mod.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import { flush } from "../../testing/harness.ts";
import { PhoenixEndpoint, type PhoenixOptions } from "../mod.ts";
import { MemoryClient } from "./memory_client.ts";

/** How an endpoint without a network is made. */
export interface InProcessOptions extends PhoenixOptions {
  /** How its server behaves. */
  readonly server?: PresenceServerOptions;
}

/** An endpoint without a network, on a clock that stands still. */
export interface InProcess extends Disposable {
  readonly server: PresenceServer<TopicModel>;
  readonly topics: TopicPresence;
  readonly endpoint: PhoenixEndpoint;
  /** Connects a client: somebody, if there is an `authorize`. */
  connect(user?: string): Promise<MemoryClient>;
  /** The same, and joins the room; its frames until then are dropped. */
  member(params?: object, user?: string): Promise<MemoryClient>;
  /** Lets seconds go by, and all that comes of it happen. */
  seconds(count: number): Promise<void>;
}

/**
 * Makes an endpoint without a network. Its epoch is `e`. Unless the options
 * have an `onError`, nothing may be told to it: else the disposal fails.
 */
export function inProcess(
  { server: serverOptions, ...options }: InProcessOptions = {},
): InProcess {
  const errors: unknown[] = [];
  const time = new FakeTime();
  const server = new PresenceServer<TopicModel>({
    epoch: "e",
    ...serverOptions,
  });
  const topics = new TopicPresence(server);
  const endpoint = new PhoenixEndpoint(topics, {
    onError: (error) => void errors.push(error),
    ...options,
  });
  const connect = (user?: string) =>
    MemoryClient.connect(
      endpoint,
      user === undefined ? undefined : `vsn=2.0.0&user=${user}`,
    );
  return {
    server,
    topics,
    endpoint,
    connect,
    async member(params = {}, user) {
      const client = await connect(user);
      client.say(["1", "1", "room", "phx_join", params]);
      await flush();
      client.take();
      return client;
    },
    async seconds(count) {
      await time.tickAsync(count * 1_000);
      await flush();
    },
    [Symbol.dispose]() {
      endpoint[Symbol.dispose]();
      server[Symbol.dispose]();
      time.restore();
      assertEquals(errors, [], "something should not have happened");
    },
  };
}
