import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer, type PresenceServerOptions } from "../../mod.ts";
import {
  type DocumentModel,
  DocumentPresence,
  type DocumentPresenceOptions,
} from "../../documents/mod.ts";
import { TopicPresence } from "../../topics/mod.ts";
import { flush } from "../../testing/harness.ts";
import { PhoenixEndpoint, type PhoenixOptions } from "../mod.ts";
import { MemoryClient } from "./memory_client.ts";

/** How an endpoint without a network is made. */
export interface InProcessOptions extends Omit<PhoenixOptions, "documents"> {
  /** How its documents behave. */
  readonly documents?: DocumentPresenceOptions;
  /** How its server behaves. */
  readonly server?: PresenceServerOptions;
  /** Makes its topics, if they are to be others. */
  readonly topics?: (server: PresenceServer<DocumentModel>) => TopicPresence;
}

/** An endpoint without a network, on a clock that stands still. */
export interface InProcess extends Disposable {
  readonly server: PresenceServer<DocumentModel>;
  readonly topics: TopicPresence;
  readonly documents: DocumentPresence;
  readonly endpoint: PhoenixEndpoint;
  /** Connects a client: somebody, if there is an `authorize`. */
  connect(user?: string): Promise<MemoryClient>;
  /** The same, and joins the room; its frames until then are dropped. */
  member(params?: object, user?: string): Promise<MemoryClient>;
  /** The same, and joins the document `1`. */
  reader(params?: object, user?: string): Promise<MemoryClient>;
  /** Lets seconds pass, with all their effects. */
  seconds(count: number): Promise<void>;
}

/**
 * Makes an endpoint without a network. Its epoch is `e`. Unless the options
 * have an `onError`, any error makes the disposal fail.
 */
export function inProcess(
  {
    server: serverOptions,
    documents: documentOptions,
    topics: topicsOf = (server) => new TopicPresence(server),
    ...options
  }: InProcessOptions = {},
): InProcess {
  const errors: unknown[] = [];
  const time = new FakeTime();
  const server = new PresenceServer<DocumentModel>({
    epoch: "e",
    ...serverOptions,
  });
  const topics = topicsOf(server);
  const documents = new DocumentPresence(server, documentOptions);
  const endpoint = new PhoenixEndpoint(topics, {
    onError: (error) => void errors.push(error),
    ...options,
    documents,
  });
  const connect = (user?: string) =>
    MemoryClient.connect(
      endpoint,
      user === undefined ? undefined : `vsn=2.0.0&user=${user}`,
    );
  const join = async (topic: string, params = {}, user?: string) => {
    const client = await connect(user);
    client.say(["1", "1", topic, "phx_join", params]);
    await flush();
    client.take();
    return client;
  };
  return {
    server,
    topics,
    documents,
    endpoint,
    connect,
    member: (params, user) => join("room", params, user),
    reader: (params, user) => join("document:1", params, user),
    async seconds(count) {
      await time.tickAsync(count * 1_000);
      await flush();
    },
    [Symbol.dispose]() {
      endpoint[Symbol.dispose]();
      documents[Symbol.dispose]();
      server[Symbol.dispose]();
      time.restore();
      assertEquals(errors, [], "something should not have happened");
    },
  };
}
