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

/** How often a lease is written that others write meanwhile. */
const TRIES = 10;

/** After how many milliseconds the clock of the server is asked for again. */
const CLOCK_IS_GOOD_FOR_MS = 30_000;

/** Of how many lives it is remembered that they were told to be over. */
const MAX_TOLD = 1_000;

/** A lease, and the revision at which it was read. */
interface Kept extends LeaseRecord {
  readonly entry: Entry;
}

/**
 * The leases: a key each, written by comparing its revision. One that has ended
 * stays until its life is purged, and of each life that is over there is a key
 * that says so, written before it ends: a node that crashes in between leaves
 * nothing that nobody knows of.
 */
export class LeaseTable {
  readonly #bucket: Bucket;
  readonly #by: string;
  readonly #listener: BackboneListener;
  /** The revisions of own leases, by the keys. */
  readonly #known = new Map<string, { epoch: string; revision: number }>();
  /** Lives that may be over and not purged, by their keys. */
  readonly #ended = new Map<string, NodeLife>();
  #isEndedKnown = false;
  /** The lives that were told to be over, by the keys of `#ended`. */
  readonly #told = new Set<string>();
  /** The lease that was written last, and when. */
  #lastPut: {
    readonly key: string;
    readonly revision: number;
    readonly asked: number;
    readonly answered: number;
  } | undefined;
  /** Has calls done in the order they are made. */
  readonly #turns = new Limiter(1);

  /**
   * Makes a table of which nothing is known.
   *
   * @param by Names the connection, so that it is not told what it does itself.
   */
  constructor(bucket: Bucket, by: string, listener: BackboneListener) {
    this.#bucket = bucket;
    this.#by = by;
    this.#listener = listener;
  }

  /** Begins a life. */
  acquire(lease: Lease): Promise<string> {
    return this.#turns.run(async () => {
      const key = this.#bucket.names.lease(lease.node);
      await this.#bucket.open();
      for (let tries = 0; tries < TRIES; tries++) {
        const entry = await this.#bucket.get(key);
        const kept = entry && keptOf(entry);
        const former = kept === undefined || kept.isEnded ||
            kept.lease.epoch === lease.epoch
          ? undefined
          : kept.lease;
        if (former !== undefined) await this.#markEnded(former);
        const revision = await this.#put(
          { lease, isEnded: false, former: former?.epoch, by: this.#by },
          // Of whatever is there: a lease that was deleted by hand leaves a marker.
          entry?.revision ?? 0,
        );
        if (revision === undefined) continue;
        this.#known.set(key, { epoch: lease.epoch, revision });
        await this.#setClock();
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
        await this.#setClock();
      }
      return { isKept, memory, unpurged: await this.#unpurged() };
    });
  }

  /** Reads the leases that have not ended, or that of one node. */
  leases(node?: string): Promise<readonly KeptLease[]> {
    return this.#turns.run(async () => {
      if (node !== undefined) {
        const kept = await this.#read(node);
        return kept === undefined || kept.isEnded ? [] : [this.#aged(kept)];
      }
      const entries = new Map<string, Entry>();
      await this.#bucket.scan(this.#bucket.names.lease(), (entry) => {
        entries.set(entry.key, entry);
      });
      return [...entries.values()].flatMap((entry) => {
        const kept = keptOf(entry);
        return kept === undefined || kept.isEnded ? [] : [this.#aged(kept)];
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
      // A server of version 2.9 that keeps a bucket with others lets two who
      // write at once both have the revision that they expect: the last one
      // counts. After one more write all that were let through are done.
      await this.#markEnded(life);
      return (await this.#read(life.node))?.entry.revision === revision;
    });
  }

  /** Whether a life goes on. */
  async lives(life: NodeLife): Promise<boolean> {
    return isOf(life, await this.#read(life.node));
  }

  /** Takes note that nothing is left of a life that is over. */
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
   * Takes what was written by whomever.
   *
   * @param isSilent Whether nothing is told of it.
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

  /** Looks anew what is to be purged: something may not have been heard. */
  forget(): void {
    this.#isEndedKnown = false;
  }

  /** Tells that a life is over, once: two may have ended it at once. */
  #tellEnded({ node, epoch }: NodeLife): void {
    const key = this.#bucket.names.ended({ node, epoch });
    if (this.#told.has(key)) return;
    this.#told.add(key);
    for (const oldest of this.#told) {
      if (this.#told.size <= MAX_TOLD) break;
      this.#told.delete(oldest);
    }
    this.#listener.onEnded({ node, epoch });
  }

  async #renew(lease: Lease): Promise<boolean> {
    const key = this.#bucket.names.lease(lease.node);
    const record = { lease, isEnded: false, by: this.#by };
    for (let tries = 0; tries < TRIES; tries++) {
      const known = this.#known.get(key);
      if (known?.epoch === lease.epoch) {
        const revision = await this.#put(record, known.revision);
        if (revision !== undefined) {
          this.#known.set(key, { epoch: lease.epoch, revision });
          return true;
        }
      }
      const kept = await this.#read(lease.node);
      if (!isOf(lease, kept)) {
        this.#known.delete(key);
        return false;
      }
      // A renewal was done without an answer, or the last one was lost.
      const { revision } = kept.entry;
      this.#known.set(key, { epoch: lease.epoch, revision });
    }
    throw new ContendedError(`renew the lease of node ${lease.node}`);
  }

  async #read(node: string): Promise<Kept | undefined> {
    const entry = await this.#bucket.get(this.#bucket.names.lease(node));
    return entry && keptOf(entry);
  }

  async #put(
    { lease, isEnded, former, by }: LeaseRecord,
    expected: number,
  ): Promise<number | undefined> {
    const key = this.#bucket.names.lease(lease.node);
    const fitting = this.#fit(lease);
    const value = encode({ lease: fitting, isEnded, former, by });
    const asked = performance.now();
    const revision = await this.#bucket.put(key, value, { expected });
    const answered = performance.now();
    if (revision !== undefined) {
      this.#lastPut = { key, revision, asked, answered };
    }
    return revision;
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

  /** Sets the clock by the lease that was written last. */
  async #setClock(): Promise<void> {
    const put = this.#lastPut;
    const entry = put && await this.#bucket.get(put.key);
    if (entry === undefined || entry.revision !== put?.revision) return;
    this.#bucket.clock.set(put.asked, entry.time, put.answered);
  }

  #aged({ lease, entry }: Kept): KeptLease {
    const age = Math.max(0, this.#bucket.clock.now - entry.time);
    return { ...lease, age };
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
