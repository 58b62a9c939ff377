import type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  Renewal,
  RowWrite,
  Written,
} from "../mod.ts";
import type { RedisConnector } from "./connector.ts";
import { ContextStore } from "./context_store.ts";
import { eventSink, type RedisEventOptions } from "./event_stream.ts";
import { LeaseStore } from "./lease_store.ts";
import { LifeContexts } from "./life_contexts.ts";
import { decodeMessage, encodeText, type Message } from "./messages.ts";
import { RedisNames } from "./names.ts";
import { RedisLink } from "./redis_link.ts";

/** In how many contexts one step of a purge looks. */
const PURGE_STEP = 100;

/** How often a context is read while the memory changes under its feet. */
const MAX_READS = 5;

/** A node's connection to a backbone on Redis. */
export class RedisConnection implements BackboneConnection {
  readonly #node: string;
  readonly #listener: BackboneListener;
  readonly #names: RedisNames;
  readonly #link: RedisLink;
  readonly #leases: LeaseStore;
  readonly #contexts: ContextStore;
  readonly #lifeContexts: LifeContexts;
  /** Names this connection: what it tells is not for itself. */
  readonly #id: string = crypto.randomUUID();
  /** The contexts that are followed, by their channels. */
  readonly #followed = new Map<string, string>();
  #life: NodeLife | undefined;
  #asking: Promise<string> | undefined;

  /**
   * @param connector Opens connections.
   * @param prefix What all names begin with.
   * @param node The node.
   * @param listener What is told.
   * @param events The stream of events, if there is one.
   */
  constructor(
    connector: RedisConnector,
    prefix: string,
    node: string,
    listener: BackboneListener,
    events: Required<RedisEventOptions> | undefined,
  ) {
    this.#node = node;
    this.#listener = listener;
    this.#names = new RedisNames(prefix);
    this.#link = new RedisLink(connector, this.#names.news, {
      onMessage: (channel, message) => this.#onMessage(channel, message),
      onInterrupted: () => {
        this.#lifeContexts.forget();
        listener.onInterrupted();
      },
    });
    this.#lifeContexts = new LifeContexts(this.#link, this.#names);
    this.#leases = new LeaseStore(
      this.#link,
      this.#names,
      this.#id,
      () => this.#lifeContexts.forget(),
    );
    this.#contexts = new ContextStore(
      this.#link,
      this.#names,
      events && eventSink(this.#link, events),
    );
  }

  /** Connects. */
  async open(): Promise<void> {
    try {
      await this.#link.open();
      await Promise.all([
        this.#link.subscribe(this.#names.news),
        this.#leases.askMemory(),
      ]);
    } catch (error) {
      await this.#link.close();
      throw error;
    }
  }

  async acquire(lease: Lease): Promise<string> {
    const former = this.#life;
    const { node, epoch } = lease;
    const { memory, isKnown } = await this.#leases.acquire(lease, former);
    this.#life = { node, epoch };
    if (former !== undefined && former.epoch !== epoch && !isKnown) {
      // It may have written after others have purged it.
      this.#purgeAll(former).catch(() => {});
    }
    return memory;
  }

  async renew(lease: Lease): Promise<Renewal> {
    this.#link.check();
    return await this.#leases.renew(lease);
  }

  leases(node?: string): Promise<readonly KeptLease[]> {
    return this.#leases.leases(node);
  }

  end(life: NodeLife, count: number): Promise<boolean> {
    return this.#leases.end(life, count);
  }

  async purge(life: NodeLife, context?: string): Promise<boolean> {
    if (await this.#leases.lives(life)) return true;
    if (context !== undefined) {
      await this.#contexts.sweep(context, life);
      return true;
    }
    const contexts = await this.#lifeContexts.some(life, PURGE_STEP);
    await Promise.all(
      contexts.map((context) => this.#contexts.sweep(context, life)),
    );
    await this.#lifeContexts.remove(life, contexts);
    if (contexts.length === PURGE_STEP) return false;
    await this.#leases.purged(life);
    return true;
  }

  async write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    const byContext = new Map<string, number[]>();
    for (const [index, { context }] of writes.entries()) {
      const indexes = byContext.get(context);
      if (indexes === undefined) byContext.set(context, [index]);
      else indexes.push(index);
    }
    const puts = writes.filter(({ type }) => type === "put");
    const { memory } = this.#leases;
    const written: Written[] = [];
    await Promise.all([
      this.#lifeContexts.add(life, new Set(puts.map(({ context }) => context))),
      ...Array.from(byContext, async ([context, indexes]) => {
        const ofContext = indexes.flatMap((index) => writes[index] ?? []);
        const results = await this.#contexts
          .write(life, memory, context, ofContext);
        for (const [turn, index] of indexes.entries()) {
          const result = results[turn];
          if (result !== undefined) written[index] = result;
        }
      }),
    ]);
    return written;
  }

  async follow(context: string): Promise<void> {
    const channel = this.#names.changes(context);
    this.#followed.set(channel, context);
    await this.#link.subscribe(channel);
  }

  unfollow(context: string): void {
    const channel = this.#names.changes(context);
    if (this.#followed.delete(channel)) this.#link.unsubscribe(channel);
  }

  async read(context: string): Promise<ContextRows> {
    for (let turn = 1;; turn++) {
      const { memory: former } = this.#leases;
      const stored = await this.#contexts.read(context);
      const memory = await this.#askMemory();
      // If it is as it was before, these are not the rows of another one.
      if (memory === former || turn === MAX_READS) return { memory, ...stored };
    }
  }

  send(context: string, text: string): void {
    const message = encodeText(this.#id, this.#node, text);
    this.#link.tell(this.#names.changes(context), message);
  }

  close(): Promise<void> {
    this.#followed.clear();
    return this.#link.close();
  }

  /** Asks for the memory, once for all who want to know it by now. */
  #askMemory(): Promise<string> {
    this.#asking ??= Promise.resolve().then(() => {
      this.#asking = undefined;
      return this.#leases.askMemory();
    });
    return this.#asking;
  }

  async #purgeAll(life: NodeLife): Promise<void> {
    while (!await this.purge(life));
  }

  #onMessage(channel: string, text: string): void {
    const context = this.#followed.get(channel);
    const message = decodeMessage(context ?? "", text);
    if (message === undefined) return;
    if (message.type === "changes") {
      for (const change of message.changes) {
        if (this.#followed.has(channel)) this.#listener.onChange(change);
      }
    } else if (message.by !== this.#id) this.#hear(context, message);
  }

  #hear(
    context: string | undefined,
    message: Exclude<Message, { type: "changes" }>,
  ): void {
    switch (message.type) {
      case "lease":
        return this.#listener.onLease(message.lease);
      case "ended":
        return this.#listener.onEnded(message.life);
    }
    if (context === undefined) return;
    this.#listener.onMessage(context, message.from, message.text);
  }
}
