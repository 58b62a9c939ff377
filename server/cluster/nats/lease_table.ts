import type {
  BackboneListener,
  KeptLease,
  Lease,
  NodeLife,
  Renewal,
} from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import type { Entry } from "./entry.ts";
import { ContendedError } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import { lifeToken } from "./names.ts";
import { decodeNode, encodeNode, type NodeRecord } from "./records.ts";

/** How often to try a record that others write at the same time. */
const TRIES = 10;

/** How long an estimate of the server's clock is good, in milliseconds. */
const CLOCK_IS_GOOD_FOR_MS = 30_000;

/** How many ends of lives to remember that the listener was notified of. */
const MAX_NOTIFIED = 1_000;

/** A record and the value that it was read from. */
interface Kept extends NodeRecord {
  readonly entry: Entry;
}

/** The record of this node as this connection has put it last. */
interface Own extends NodeRecord {
  readonly revision: number;
  /** When it was sent and acknowledged, by `performance.now()`. */
  readonly asked: number;
  readonly answered: number;
}

/**
 * The leases: a key for each node holds its lease, and its lives that are over
 * but not purged. Writes compare the revision of the key, so that one write ends
 * a lease and remembers the life. The key is removed when the lease has ended and
 * nothing is left to purge.
 */
export class LeaseTable {
  readonly #bucket: Bucket;
  readonly #node: string;
  readonly #by: string;
  readonly #listener: BackboneListener;
  #own: Own | undefined;
  /** The keys of nodes with lives that may be over and not purged. */
  readonly #over = new Set<string>();
  #isOverKnown = false;
  /** The lives whose end the listener was notified of. */
  readonly #notified = new Set<string>();
  /** Does calls in the order they are made. */
  readonly #turns = new Limiter(1);

  /**
   * Makes a table that has read nothing.
   *
   * @param node The node.
   * @param by Identifies the connection, which ignores what it does itself.
   */
  constructor(
    bucket: Bucket,
    node: string,
    by: string,
    listener: BackboneListener,
  ) {
    this.#bucket = bucket;
    this.#node = node;
    this.#by = by;
    this.#listener = listener;
  }

  /** Begins a life. */
  acquire(lease: Lease): Promise<string> {
    return this.#turns.run(async () => {
      const { node, epoch } = lease;
      await this.#bucket.open();
      for (let tries = 0; tries < TRIES; tries++) {
        const entry = await this.#bucket.get(this.#bucket.names.lease(node));
        const kept = entry && keptOf(entry);
        const former = kept?.lease === undefined ? [] : [lifeOf(kept.lease)];
        const over = [...kept?.over ?? [], ...former]
          .filter((life) => life.epoch !== epoch);
        // A key that was deleted by hand has a marker with a revision.
        const expected = entry?.revision ?? 0;
        const record = { lease: this.#fit(lease), over, by: this.#by };
        const revision = await this.#put(node, record, expected);
        if (revision === undefined) continue;
        await this.#setClock();
        return await this.#bucket.open();
      }
      throw new ContendedError(`begin a life of node ${node}`);
    });
  }

  /** Renews a lease. */
  renew(lease: Lease): Promise<Renewal> {
    return this.#turns.run(async () => {
      const isKept = await this.#renew(lease);
      const memory = isKept ? this.#bucket.memory : await this.#bucket.open();
      if (this.#bucket.clock.uncertainty > CLOCK_IS_GOOD_FOR_MS) {
        await this.#setClock();
      }
      return { isKept, memory, unpurged: await this.#unpurged() };
    });
  }

  /** Reads the leases that have not ended, or that of one node. */
  leases(node?: string): Promise<readonly KeptLease[]> {
    return this.#turns.run(async () => {
      const found = node === undefined
        ? await this.#readAll()
        : [await this.#read(node)];
      return found.flatMap((kept) => {
        if (kept?.lease === undefined) return [];
        const { lease, renewedAt = kept.entry.time } = kept;
        const age = Math.max(0, this.#bucket.clock.now - renewedAt);
        return [{ ...lease, age }];
      });
    });
  }

  /** Ends a life that was not renewed since a count. */
  end(life: NodeLife, count: number): Promise<boolean> {
    return this.#turns.run(async () => {
      const { node, epoch } = life;
      const kept = await this.#read(node);
      if (kept?.lease?.epoch !== epoch || kept.lease.count !== count) {
        return false;
      }
      const record = { over: [...kept.over, lifeOf(life)], by: this.#by };
      const { revision } = kept.entry;
      return await this.#put(node, record, revision) !== undefined;
    });
  }

  /** Reports whether a life has its lease. */
  async lives({ node, epoch }: NodeLife): Promise<boolean> {
    return (await this.#read(node))?.lease?.epoch === epoch;
  }

  /** Forgets a life that is over and of which no row is left. */
  async purged({ node, epoch }: NodeLife): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const kept = await this.#read(node);
      const isOver = kept?.over.some((life) => life.epoch === epoch);
      if (kept === undefined || !isOver) return;
      const { lease, entry, renewedAt = entry.time } = kept;
      const over = kept.over.filter((life) => life.epoch !== epoch);
      if (lease === undefined && over.length === 0) {
        return await this.#bucket.remove(entry.revision);
      }
      const record = { lease, over, renewedAt, by: this.#by };
      const revision = await this.#put(node, record, entry.revision);
      if (revision !== undefined) return;
    }
    throw new ContendedError(`forget a life of node ${node}`);
  }

  /**
   * Takes a record that some connection has written.
   *
   * @param isSilent Whether not to notify the listener.
   */
  take(key: string, value: string, isSilent = false): void {
    const record = decodeNode(value);
    if (record === undefined) return;
    const { lease, over, by } = record;
    this.#learn(key, over);
    if (isSilent || by === this.#by) return;
    for (const life of over) {
      if (this.#isNews(life)) this.#listener.onEnded(lifeOf(life));
    }
    if (lease !== undefined) this.#listener.onLease(lease);
  }

  /** Makes the next renewal read all records: a message may be lost. */
  forget(): void {
    this.#isOverKnown = false;
  }

  /** Remembers a node if it has lives that are over. */
  #learn(key: string, over: readonly NodeLife[] = []): void {
    if (over.length > 0) this.#over.add(key);
  }

  /** Remembers the end of a life; returns whether the listener has yet to know. */
  #isNews(life: NodeLife): boolean {
    const name = lifeToken(life);
    if (this.#notified.has(name)) return false;
    this.#notified.add(name);
    const [oldest = ""] = this.#notified;
    if (this.#notified.size > MAX_NOTIFIED) this.#notified.delete(oldest);
    return true;
  }

  async #renew(lease: Lease): Promise<boolean> {
    const { node, epoch } = lease;
    let known: Pick<Own, "over" | "revision"> | undefined =
      this.#own?.lease?.epoch === epoch ? this.#own : undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      if (known !== undefined) {
        const { over, revision } = known;
        const record = { lease: this.#fit(lease), over, by: this.#by };
        if (await this.#put(node, record, revision) !== undefined) return true;
      }
      const kept = await this.#read(node);
      if (kept?.lease?.epoch !== epoch) {
        this.#own = undefined;
        return false;
      }
      // A renewal was done without an answer, the last one was lost, or a life
      // was purged.
      known = { over: kept.over, revision: kept.entry.revision };
    }
    throw new ContendedError(`renew the lease of node ${node}`);
  }

  async #readAll(): Promise<(Kept | undefined)[]> {
    const entries = new Map<string, Entry>();
    this.#isOverKnown = true;
    try {
      await this.#bucket.scan(this.#bucket.names.lease(), (entry) => {
        entries.set(entry.key, entry);
        this.#learn(entry.key, keptOf(entry)?.over);
      });
    } catch (error) {
      this.#isOverKnown = false;
      throw error;
    }
    return Array.from(entries.values(), keptOf);
  }

  async #read(node: string): Promise<Kept | undefined> {
    const entry = await this.#bucket.get(this.#bucket.names.lease(node));
    return entry && keptOf(entry);
  }

  /**
   * Puts a record if it has the expected revision.
   *
   * Servers of version 2.9 that keep a bucket together may accept simultaneous
   * writes that expect the same revision. The last one counts: after one more
   * write, all that were accepted are done, and a read tells which that is.
   *
   * @returns The new revision; `undefined` if another write counts.
   */
  async #put(
    node: string,
    record: NodeRecord,
    expected: number,
  ): Promise<number | undefined> {
    const key = this.#bucket.names.lease(node);
    const value = encodeNode(record);
    const asked = performance.now();
    const revision = await this.#bucket.put(key, value, { expected });
    if (revision === undefined) return undefined;
    const answered = performance.now();
    if (this.#bucket.isReplicated) {
      await this.#bucket.flush();
      const counts = (await this.#read(node))?.entry.revision === revision;
      if (!counts) return undefined;
    }
    if (node === this.#node) {
      this.#own = { ...record, revision, asked, answered };
    }
    this.#learn(key, record.over);
    for (const life of record.over) this.#isNews(life);
    return revision;
  }

  /**
   * Leaves out the contexts that were written first if they are too many for one
   * message: they help to detect a lost change, which is rare.
   */
  #fit(lease: Lease): Lease {
    let { written } = lease;
    const isLarge = () =>
      new TextEncoder().encode(JSON.stringify(written)).length >
        this.#bucket.maxBytes * 0.75;
    while (written.length > 0 && isLarge()) {
      written = written.slice(Math.ceil(written.length / 2));
    }
    return { ...lease, written };
  }

  async #unpurged(): Promise<readonly NodeLife[]> {
    if (!this.#isOverKnown) await this.#readAll();
    const unpurged: NodeLife[] = [];
    for (const key of [...this.#over]) {
      const entry = await this.#bucket.get(key);
      const { over = [] } = entry && keptOf(entry) || {};
      if (over.length === 0) this.#over.delete(key);
      unpurged.push(...over);
    }
    return unpurged;
  }

  /** Sets the clock by the record of this node that was put last. */
  async #setClock(): Promise<void> {
    const key = this.#bucket.names.lease(this.#node);
    const entry = await this.#bucket.get(key);
    const own = this.#own;
    if (entry === undefined || entry.revision !== own?.revision) return;
    this.#bucket.clock.set(own.asked, entry.time, own.answered);
  }
}

function keptOf(entry: Entry): Kept | undefined {
  const record = entry.isRemoved ? undefined : decodeNode(entry.value);
  return record && { ...record, entry };
}

function lifeOf({ node, epoch }: NodeLife): NodeLife {
  return { node, epoch };
}
