/**
 * Measures a move of a cursor in a document of a hundred people, until all
 * readers have received it: none, one, a hundred, or a hundred listeners. Also
 * measures one more person who joins and leaves.
 */

import { PresenceServer, type Watch } from "../mod.ts";
import {
  type DocumentMessage,
  type DocumentModel,
  DocumentPresence,
  type DocumentSession,
} from "./mod.ts";
import { flush } from "./testing/harness.ts";

const PEOPLE = 100;
/** The moves in one turn of the bench. */
const MOVES = 20_000;
const VISITS = 100;

/** How many readers, and how many listeners. */
const AUDIENCES = [[0, 0], [1, 0], [100, 0], [0, 100]] as const;

/** A document with people in it, and readers who read every message. */
class Filled implements Disposable {
  /** A move a millisecond, by one person every 100, so that none waits. */
  now = Date.now();
  readonly server = new PresenceServer<DocumentModel>({
    clock: () => this.now,
  });
  readonly presence = new DocumentPresence(this.server);
  readonly sessions: DocumentSession[] = [];
  told = 0;

  static async make(readers: number, listeners: number): Promise<Filled> {
    const filled = new Filled();
    for (let n = 0; n < PEOPLE; n++) {
      filled.sessions.push(await filled.join(`person-${n}`));
    }
    for (let n = 0; n < readers; n++) {
      filled.#read(filled.presence.watch("42"));
    }
    for (let n = 0; n < listeners; n++) filled.#listen();
    await flush();
    return filled;
  }

  join(userId: string): Promise<DocumentSession> {
    return this.presence.join(userId, {
      documentId: "42",
      workspaceId: "acme",
      name: userId,
      ttlMs: Infinity,
    });
  }

  [Symbol.dispose](): void {
    this.presence[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }

  #listen(): void {
    const take = () => {
      this.told++;
      return true;
    };
    this.presence.listen("42", { take, end() {}, fail() {} }).resume();
  }

  async #read(watch: Watch<DocumentMessage>): Promise<void> {
    for await (const _ of watch) this.told++;
  }
}

for (const [readers, listeners] of AUDIENCES) {
  const name =
    `20,000 moves of 100 people, told to ${readers} readers and ${listeners} listeners`;
  Deno.bench({ name, group: "moves", n: 5, warmup: 2 }, async (bench) => {
    using filled = await Filled.make(readers, listeners);
    bench.start();
    for (let n = 0; n < MOVES; n++) {
      filled.now += 1;
      const session = filled.sessions[n % PEOPLE];
      session?.updateCursor({ line: n, column: 0, offset: n });
      // Until all have received it.
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    }
    bench.end();
    await flush();
    const expected = (readers + listeners) * (1 + MOVES);
    if (filled.told !== expected) throw new Error(`${filled.told} told`);
  });
}

Deno.bench({
  name: "100 visits of one more, told to 100",
  group: "visits",
  n: 10,
  warmup: 2,
}, async (bench) => {
  using filled = await Filled.make(100, 0);
  bench.start();
  for (let n = 0; n < VISITS; n++) {
    const session = await filled.join("newcomer");
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    session[Symbol.dispose]();
    for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  }
  bench.end();
});
