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
import { RedisCalls } from "./calls.ts";
import type { RedisConnector } from "./connector.ts";
import { ContextStore } from "./context_store.ts";
import { eventSink, type RedisEventOptions } from "./event_stream.ts";
import { LeaseStore } from "./lease_store.ts";
import { LifeContexts } from "./life_contexts.ts";
import { decodeMessage, encodeText } from "./messages.ts";
import { RedisNames } from "./names.ts";
import { RedisLink } from "./redis_link.ts";

/** How many contexts one step of a purge looks at. */
const PURGE_STEP = 100;

/** How often a context is read while the memory keeps changing. */
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
  /** Identifies this connection, which ignores what it has sent itself. */
  readonly #id: string = crypto.randomUUID();
  /** The contexts that are followed, by their channels. */
  readonly #followed = new Map<string, string>();
  #life: NodeLife | undefined;

  /**
   * @param connector Opens connections.
   * @param prefix What all names begin with.
   * @param node The node.
   * @param listener Notified of what others do.
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
    const calls = new RedisCalls(this.#link, this.#names);
    this.#lifeContexts = new LifeContexts(calls);
    this.#leases = new LeaseStore(
      calls,
      this.#id,
      () => this.#lifeContexts.forget(),
    );
    const sink = events && eventSink(this.#link, events);
    this.#contexts = new ContextStore(calls, sink);
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
    const { memory, unpurged } = await this.#leases.renew(lease, true);
    this.#life = { node, epoch };
    const isPurged = former !== undefined && former.epoch !== epoch &&
      !unpurged.some((life) => life.epoch === former.epoch);
    // It may have written after others have purged it.
    if (isPurged) this.#purgeAll(former).catch(() => {});
    return memory;
  }

  async renew(lease: Lease): Promise<Renewal> {
    this.#link.check();
    return await this.#leases.renew(lease, false);
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
    const contexts = new Set<string>();
    for (const { type, context } of writes) {
      if (type === "put") contexts.add(context);
    }
    // Both are sent now: Redis knows a context before its rows.
    const [, written] = await Promise.all([
      this.#lifeContexts.add(life, contexts),
      this.#contexts.write(life, this.#leases.memory, writes),
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
      const memory = await this.#leases.askMemory();
      // If it is as it was before, these are not the rows of another one.
      if (memory === former || turn === MAX_READS) return { memory, ...stored };
    }
  }

  send(context: string, text: string): void {
    const message = encodeText(this.#id, this.#node, text);
    this.#link.publish(this.#names.changes(context), message);
  }

  close(): Promise<void> {
    this.#followed.clear();
    return this.#link.close();
  }

  async #purgeAll(life: NodeLife): Promise<void> {
    while (!await this.purge(life));
  }

  #onMessage(channel: string, message: string): void {
    const context = this.#followed.get(channel);
    for (const notify of decodeMessage(message, context, this.#id)) {
      // The listener may have unfollowed it.
      if (this.#followed.get(channel) === context) notify(this.#listener);
    }
  }
}
