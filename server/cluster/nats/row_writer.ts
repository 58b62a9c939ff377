import type { NodeLife, RowWrite, Written } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import { type Entry, LIFE_HEADER, OPERATION_HEADER } from "./entry.ts";
import { ContendedError, TooLargeError } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import { Markers } from "./markers.ts";
import { lifeToken } from "./names.ts";
import { decodeRow, encode } from "./records.ts";
import { RowLane } from "./row_lane.ts";

/** How many writes are under way at once. */
const MAX_WRITES = 512;

/** How often a row is written that others write meanwhile. */
const TRIES = 20;

/** What the life has made of a row. */
interface Own {
  readonly revision: number;
  readonly isThere: boolean;
}

/** What the writer asks of its connection. */
export interface RowWriterHost {
  /** The last revision of a context that is known, if there is one. */
  lastOf(context: string): number | undefined;
  /** Told that a context was written. */
  wrote(context: string, revision: number): void;
  /** Told what can't be written. */
  onError(error: unknown): void;
}

/**
 * Writes rows, each by comparing its revision. Of the rows that this life has
 * written itself the revision is known; any other one is taken for new, and is
 * looked at where that turns out to be wrong.
 */
export class RowWriter {
  readonly #bucket: Bucket;
  readonly #host: RowWriterHost;
  readonly #limiter = new Limiter(MAX_WRITES);
  readonly #lanes = new Map<string, RowLane>();
  readonly #markers: Markers;
  /** What the life has put or removed, by key. */
  readonly #own = new Map<string, Own>();
  #epoch = "";

  /** Makes a writer that has written nothing. */
  constructor(bucket: Bucket, host: RowWriterHost) {
    this.#bucket = bucket;
    this.#host = host;
    this.#markers = new Markers(async ({ key, revision }) => {
      await bucket.remove(revision);
      if (this.#own.get(key)?.revision === revision) this.#own.delete(key);
    });
  }

  /** Writes rows, those of a context in order. */
  async write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    if (life.epoch !== this.#epoch) {
      this.#epoch = life.epoch;
      this.#own.clear();
    }
    const results = await Promise.allSettled(
      writes.map((write) => this.#enqueue(life, write)),
    );
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  }

  /** Waits until what was to be written into a context by now is settled. */
  async settled(context: string): Promise<void> {
    await this.#lanes.get(context)?.settled();
  }

  /** Removes what says that rows are gone, once everybody knows. */
  tidy(): void {
    this.#markers.tidy();
  }

  /** Forgets what is known of rows: the bucket has. */
  forget(): void {
    this.#own.clear();
    this.#markers.forget();
  }

  #enqueue(life: NodeLife, write: RowWrite): Promise<Written> {
    const { context, id } = write;
    let lane = this.#lanes.get(context);
    if (lane === undefined) {
      lane = new RowLane(() => this.#lanes.delete(context));
      this.#lanes.set(context, lane);
    }
    const { hold } = lane;
    let release = () => {};
    const type = write.type === "put" ? "put" : "removal";
    return lane.add(id, type, () => {
      release = hold();
      return this.#limiter.run(() => this.#write(life, write, release));
    }).finally(() => release());
  }

  /** Writes a row, and lets others go on once it is on its way. */
  async #write(
    life: NodeLife,
    write: RowWrite,
    goOn: () => void,
  ): Promise<Written> {
    const { context, id } = write;
    const key = this.#bucket.names.row(context, id);
    const own = this.#own.get(key);
    let expected = write.type === "put"
      ? own?.revision ?? 0
      : own?.isThere
      ? own.revision
      : undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      if (expected === undefined) {
        const entry = await this.#bucket.get(key);
        if (!this.#isAllowed(life, write, entry)) {
          return await this.#refused(context);
        }
        expected = entry?.revision ?? 0;
      }
      const body = this.#bodyOf(life, write);
      const { maxBytes } = this.#bucket;
      if (body.length > maxBytes) {
        const action = `share row ${id} of context ${context}`;
        this.#host.onError(new TooLargeError(action, body.length, maxBytes));
        // Done as far as it can be: to refuse it would have it tried for ever.
        return { isDone: true, revision: await this.#lastOf(context) };
      }
      const putting = this.#bucket.put(key, body, {
        expected,
        headers: headersOf(life, write),
      });
      goOn();
      const revision = await putting;
      if (revision !== undefined) {
        const isThere = write.type === "put";
        this.#own.set(key, { revision, isThere });
        if (!isThere) this.#markers.add({ key, revision });
        this.#host.wrote(context, revision);
        return { isDone: true, revision };
      }
      this.#own.delete(key);
      expected = undefined;
    }
    throw new ContendedError(`write row ${id} of context ${context}`);
  }

  /** Whether a write may be done where there is that value, or none. */
  #isAllowed(
    life: NodeLife,
    write: RowWrite,
    entry: Entry | undefined,
  ): boolean {
    const row = entry === undefined || entry.isRemoved
      ? undefined
      : decodeRow(entry.value);
    if (entry === undefined || row === undefined) return write.type === "put";
    if (row.node === life.node && row.epoch === life.epoch) return true;
    if (write.type === "retract") return false;
    return write.age <= row.age + this.#bucket.clock.since(entry.time);
  }

  #bodyOf({ node, epoch }: NodeLife, write: RowWrite): Uint8Array {
    const { id } = write;
    const age = write.type === "put" ? write.age : 0;
    const after = this.#host.lastOf(write.context);
    const head = { id, node, epoch, age, after };
    const value = write.type === "put" ? write.value : "";
    return new TextEncoder().encode(encode(head, value));
  }

  async #refused(context: string): Promise<Written> {
    return { isDone: false, revision: await this.#lastOf(context) };
  }

  async #lastOf(context: string): Promise<number> {
    const key = this.#bucket.names.rows(context);
    return (await this.#bucket.get(key))?.revision ?? 0;
  }
}

function headersOf(life: NodeLife, write: RowWrite): Record<string, string> {
  const head = { [LIFE_HEADER]: lifeToken(life) };
  return write.type === "put" ? head : { ...head, [OPERATION_HEADER]: "DEL" };
}
