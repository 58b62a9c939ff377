import type { PresenceUpdate } from "../../../core/mod.ts";
import { PresenceServer, type PresenceServerOptions } from "../../mod.ts";
import { Reader } from "../../testing/harness.ts";
import {
  fromWireMeta,
  listMirror,
  type PresenceMirror,
  type ReadOptions,
  stateJson,
  syncDiff,
  syncState,
  type TopicEntry,
  type TopicMessage,
  type TopicModel,
  TopicPresence,
  type TopicPresenceOptions,
} from "../mod.ts";

export {
  countedSignal,
  flush,
  Reader,
  RUNS,
  settles,
} from "../../testing/harness.ts";

/** A server and its topics. */
export interface Topics extends Disposable {
  readonly server: PresenceServer<TopicModel>;
  readonly presence: TopicPresence;
}

/** Makes a server and its topics. */
export function topics(
  options: TopicPresenceOptions = {},
  serverOptions: PresenceServerOptions = {},
): Topics {
  const server = new PresenceServer<TopicModel>(serverOptions);
  const presence = new TopicPresence(server, options);
  const dispose = () => server[Symbol.dispose]();
  return { server, presence, [Symbol.dispose]: dispose };
}

/** Returns an update of another face: by default, ada is in the room. */
export function update(
  fields: Partial<PresenceUpdate<TopicModel>> = {},
): PresenceUpdate<TopicModel> {
  return {
    subject: "ada",
    context: "room",
    origin: "elsewhere",
    visibility: "public",
    observedAt: Date.now(),
    expiry: "never",
    facets: {},
    ...fields,
  };
}

/** The events of a topic, and their JSON. */
export class EventReader {
  readonly #reader;

  constructor(presence: TopicPresence, topic: string, options?: ReadOptions) {
    this.#reader = new Reader(presence.events(topic, options));
  }

  get done(): boolean {
    return this.#reader.done;
  }

  /** Reads until nothing more arrives without time passing. */
  async read(): Promise<string[]> {
    const events = await this.#reader.read();
    return events.map((event) => JSON.stringify(event));
  }
}

/** The mirror that a client makes of the messages of a watch. */
export class Client {
  readonly mirror: PresenceMirror = new Map();
  readonly reader: Reader<TopicMessage>;

  constructor(presence: TopicPresence, topic: string, options?: ReadOptions) {
    this.reader = new Reader(presence.watch(topic, options));
  }

  /** Reads until nothing more arrives without time passing. */
  async read(limit?: number): Promise<TopicMessage[]> {
    const messages = await this.reader.read(limit);
    for (const message of messages) {
      // As over a network: only JSON arrives.
      if (message.type === "state") {
        syncState(this.mirror, JSON.parse(stateJson(message)));
      } else {
        syncDiff(this.mirror, JSON.parse(JSON.stringify(message.diff)));
      }
    }
    return messages;
  }

  /** Returns the presences in the form of `list`. */
  list(): TopicEntry[] {
    return listMirror(this.mirror)
      .map(([key, { metas }]) => ({ key, metas: metas.map(fromWireMeta) }));
  }
}
