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
import {
  decodeLease,
  decodeLife,
  encode,
  type LeaseRecord,
} from "./records.ts";

/** How often to try a lease that others write at the same time. */
const TRIES = 10;

/** How long the clock of the server is taken for known, in milliseconds. */
const CLOCK_IS_GOOD_FOR_MS = 30_000;

/** How many lives to remember of which the listener knows that they are over. */
const MAX_TOLD = 1_000;

/** A lease and the value that it was read from. */
interface Kept extends LeaseRecord {
  readonly entry: Entry;
}

/** A lease of this node that was put. */
interface Put {
  readonly epoch: string;
  readonly revision: number;
  /** When it was sent and acknowledged, by `performance.now()`. */
  readonly asked: number;
  readonly answered: number;
}

/**
 * The leases: a key for each, written by comparing its revision. A lease that
 * has ended stays until its life is purged. Of each life that is over there is
 * also a key that says so. It is written before the lease ends, so that a node
 * that crashes in between leaves nothing behind that nobody knows of.
 */
export class LeaseTable {
  readonly #bucket: Bucket;
  readonly #by: string;
  readonly #listener: BackboneListener;
  /** The lease of this node that was put last. */
  #own: Put | undefined;
  /** Lives that may be over and not purged, by their keys. */
  readonly #ended = new Map<string, NodeLife>();
  #isEndedKnown = false;
  /** The keys of lives of which the listener knows that they are over. */
  readonly #told = new Set<string>();
  /** Does calls in the order they are made. */
  readonly #turns = new Limiter(1);

  /**
   * Makes a table of which nothing is known.
   *
   * @param by Identifies the connection, which ignores what it does itself.
   */
  constructor(bucket: Bucket, by: string, listener: BackboneListener) {
    this.#bucket = bucket;
    this.#by = by;
    this.#listener = listener;
  }

  /** Begins a life. */
  acquire(lease: Lease): Promise<string> {
    return this.#turns.run(async () => {
      await this.#bucket.open();
      for (let tries = 0; tries < TRIES; tries++) {
        const entry = await this.#bucket
          .get(this.#bucket.names.lease(lease.node));
        const kept = entry && keptOf(entry);
        const former = kept !== undefined && !kept.isEnded &&
            kept.lease.epoch !== lease.epoch
          ? kept.lease
          : undefined;
        if (former !== undefined) await this.#markEnded(former);
        const isDone = await this.#putOwn(
          { lease, isEnded: false, former: former?.epoch, by: this.#by },
          // A lease that was deleted by hand leaves a marker with a revision.
          entry?.revision ?? 0,
        );
        if (!isDone) continue;
        await this.#setClock(lease.node);
        return await this.#bucket.open();
      }
      throw new ContendedError(`begin a life of node ${lease.node}`);
    });
  }

  /** Renews a lease. */
  renew(lease: Lease): Promise<Renewal> {
    return this.#turns.run(async () => {
      const isKept = await this.#renew(lease);
      const memory = isKept ? this.#bucket.memory : await this.#bucket.open();
      if (this.#bucket.clock.uncertainty > CLOCK_IS_GOOD_FOR_MS) {
        await this.#setClock(lease.node);
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
        if (kept === undefined || kept.isEnded) return [];
        const { lease, entry } = kept;
        const age = Math.max(0, this.#bucket.clock.now - entry.time);
        return [{ ...lease, age }];
      });
    });
  }

  /** Ends a life that was not renewed since a count. */
  end(life: NodeLife, count: number): Promise<boolean> {
    return this.#turns.run(async () => {
      const kept = await this.#read(life.node);
      if (!isOf(life, kept) || kept.lease.count !== count) return false;
      await this.#markEnded(life);
      const ended = { ...kept, isEnded: true, by: this.#by };
      const revision = await this.#put(ended, kept.entry.revision);
      if (revision === undefined) return false;
      // A server of version 2.9 that keeps a bucket with others may give two
      // simultaneous writers the revision that both expect: the last one counts.
      // After one more write all that were let through are done.
      await this.#markEnded(life);
      return (await this.#read(life.node))?.entry.revision === revision;
    });
  }

  /** Reports whether a life has its lease. */
  async lives(life: NodeLife): Promise<boolean> {
    return isOf(life, await this.#read(life.node));
  }

  /** Forgets a life that is over and of which no row is left. */
  async purged(life: NodeLife): Promise<void> {
    const key = this.#bucket.names.ended(life);
    const kept = await this.#read(life.node);
    if (kept?.isEnded === true && kept.lease.epoch === life.epoch) {
      await this.#bucket.remove(kept.entry.revision);
    }
    const mark = await this.#bucket.get(key);
    if (mark !== undefined) await this.#bucket.remove(mark.revision);
    this.#ended.delete(key);
  }

  /**
   * Takes what anybody has written.
   *
   * @param isSilent Whether the listener is not notified.
   */
  heard(key: string, value: string, isSilent = false): void {
    if (key.startsWith("ended.")) {
      const life = decodeLife(value);
      if (life !== undefined) this.#ended.set(key, life);
      return;
    }
    const record = isSilent ? undefined : decodeLease(value);
    if (record === undefined || record.by === this.#by) return;
    const { lease, former } = record;
    if (record.isEnded) {
      this.#tellEnded(lease);
      return;
    }
    if (former !== undefined) {
      this.#tellEnded({ node: lease.node, epoch: former });
    }
    this.#listener.onLease(lease);
  }

  /** Reads again what is to be purged: a message may have been lost. */
  forget(): void {
    this.#isEndedKnown = false;
  }

  /** Notifies of the end of a life, once: two may have ended it at a time. */
  #tellEnded({ node, epoch }: NodeLife): void {
    const key = this.#bucket.names.ended({ node, epoch });
    if (this.#told.has(key)) return;
    this.#told.add(key);
    const [oldest = ""] = this.#told;
    if (this.#told.size > MAX_TOLD) this.#told.delete(oldest);
    this.#listener.onEnded({ node, epoch });
  }

  async #renew(lease: Lease): Promise<boolean> {
    const record = { lease, isEnded: false, by: this.#by };
    const own = this.#own;
    let expected = own?.epoch === lease.epoch ? own.revision : undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      if (expected !== undefined && await this.#putOwn(record, expected)) {
        return true;
      }
      const kept = await this.#read(lease.node);
      if (!isOf(lease, kept)) {
        this.#own = undefined;
        return false;
      }
      // A renewal was done without an answer, or the last one was lost.
      expected = kept.entry.revision;
    }
    throw new ContendedError(`renew the lease of node ${lease.node}`);
  }

  async #readAll(): Promise<(Kept | undefined)[]> {
    const entries = new Map<string, Entry>();
    await this.#bucket.scan(this.#bucket.names.lease(), (entry) => {
      entries.set(entry.key, entry);
    });
    return Array.from(entries.values(), keptOf);
  }

  async #read(node: string): Promise<Kept | undefined> {
    const entry = await this.#bucket.get(this.#bucket.names.lease(node));
    return entry && keptOf(entry);
  }

  /** Puts a lease of this node; returns whether it had the revision. */
  async #putOwn(record: LeaseRecord, expected: number): Promise<boolean> {
    const { epoch } = record.lease;
    const asked = performance.now();
    const revision = await this.#put(record, expected);
    if (revision === undefined) return false;
    this.#own = { epoch, revision, asked, answered: performance.now() };
    return true;
  }

  #put(
    { lease, isEnded, former, by }: LeaseRecord,
    expected: number,
  ): Promise<number | undefined> {
    const fitting = this.#fit(lease);
    return this.#bucket.put(
      this.#bucket.names.lease(lease.node),
      encode({ lease: fitting, isEnded, former, by }),
      { expected },
    );
  }

  /**
   * Leaves out the contexts that were written first, if they are too many for
   * one message: they help to find what was lost, which is rare.
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

  async #markEnded({ node, epoch }: NodeLife): Promise<void> {
    const key = this.#bucket.names.ended({ node, epoch });
    await this.#bucket.put(key, encode({ node, epoch }));
    this.#ended.set(key, { node, epoch });
  }

  async #unpurged(): Promise<readonly NodeLife[]> {
    if (!this.#isEndedKnown) await this.#learnEnded();
    const unpurged: NodeLife[] = [];
    for (const [key, life] of [...this.#ended]) {
      if (await this.#bucket.get(key) === undefined) this.#ended.delete(key);
      else if (!await this.lives(life)) unpurged.push(life);
    }
    return unpurged;
  }

  async #learnEnded(): Promise<void> {
    this.#isEndedKnown = true;
    this.#ended.clear();
    try {
      await this.#bucket.scan(
        this.#bucket.names.ended(),
        ({ key, value }) => this.heard(key, value),
      );
    } catch (error) {
      this.#isEndedKnown = false;
      throw error;
    }
  }

  /** Sets the clock by the lease of this node that was put last. */
  async #setClock(node: string): Promise<void> {
    const entry = await this.#bucket.get(this.#bucket.names.lease(node));
    const own = this.#own;
    if (entry === undefined || entry.revision !== own?.revision) return;
    this.#bucket.clock.set(own.asked, entry.time, own.answered);
  }
}

function keptOf(entry: Entry): Kept | undefined {
  const record = entry.isRemoved ? undefined : decodeLease(entry.value);
  return record && { ...record, entry };
}

function isOf(
  { node, epoch }: NodeLife,
  kept: Kept | undefined,
): kept is Kept {
  return kept !== undefined && !kept.isEnded && kept.lease.node === node &&
    kept.lease.epoch === epoch;
}
