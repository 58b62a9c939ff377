import { assertEquals } from "@std/assert";
import {
  serve,
  type ServiceOptions,
} from "../../../phoenix/testing/service.ts";
import { eventually } from "../../../testing/waiting.ts";
import type { LiveClient, LiveRoom } from "../../mod.ts";
import { clientOf, type Model, until } from "../../testing/live.ts";

/** A service, its clients, and who was seen to join and leave `doc-42`. */
export interface Stage extends AsyncDisposable {
  readonly url: string;
  /** Waits until exactly these have joined and left, in order: `+ada`, `-ada`. */
  logs(...expected: string[]): Promise<void>;
  /** Makes a client of somebody. */
  client(subject: string): LiveClient<Model>;
  /** Opens rooms as Ada, who is seen there. */
  enter(id: string): LiveRoom<Model>;
  /** Opens rooms as Ada, who is not. */
  watch(id: string): LiveRoom<Model>;
}

/** Serves rooms. Any error of a client fails the test. */
export function openStage(options: ServiceOptions = {}): Stage {
  const service = serve({ limits: { messagesPerSecond: 1e6 }, ...options });
  const ending = new AbortController();
  const log: string[] = [];
  const watched = (async () => {
    const { signal } = ending;
    for await (const event of service.topics.events("doc-42", { signal })) {
      if (event.type === "join") log.push(`+${event.key}`);
      if (event.type === "leave") log.push(`-${event.key}`);
    }
  })();
  const ada = clientOf(service, { subject: "ada" });
  const clients = [ada];
  return {
    url: `http://127.0.0.1:${service.port}`,
    async logs(...expected) {
      const { length } = expected;
      await eventually(
        () => log.length >= length,
        `${length} have come or gone`,
      );
      assertEquals(log, expected);
    },
    client(subject) {
      const client = clientOf(service, { subject });
      clients.push(client);
      return client;
    },
    enter: (id) => ada.room(id, { facets: { name: "Ada" } }),
    watch: (id) => ada.room(id),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      ending.abort();
      await watched;
      await service[Symbol.asyncDispose]();
    },
  };
}

/** Moves a cursor many times, and waits each time until another room shows it. */
export async function move(
  from: LiveRoom<Model>,
  to: LiveRoom<Model>,
  times: number,
): Promise<void> {
  const { id } = from.me.get();
  const cursor = to.select(({ others }) =>
    others.find((person) => person.id === id)?.facets.cursor
  );
  for (let x = 1; x <= times; x++) {
    from.update({ cursor: { x, y: 0 } });
    await until(cursor, (place) => place?.x === x);
  }
}
