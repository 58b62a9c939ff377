import type { NodeLife, RowWrite, Written } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import { type Entry, LIFE_HEADER, OPERATION_HEADER } from "./entry.ts";
import { ContendedError, TooLargeError } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import { Markers } from "./markers.ts";
import { lifeToken } from "./names.ts";
import { decodeRow, encode, type RowHead } from "./records.ts";
import { RowLane } from "./row_lane.ts";

/** How many writes are under way at once. */
const MAX_WRITES = 512;

/** How often to try a row that others write at the same time. */
const TRIES = 20;

/** A row that the life has written. */
interface Own {
  readonly revision: number;
  readonly isThere: boolean;
}

/** What the writer needs of its connection. */
export interface RowWriterHost {
  /** Returns the last known revision of a context. */
  lastOf(context: string): number | undefined;
  /** Called when a context was written. */
  wrote(context: string, revision: number): void;
  /** Called with what can't be written. */
  onError(error: unknown): void;
}

/**
 * Writes rows by comparing their revisions. It knows those of rows that this
 * life has written. It takes any other row for new, and reads it if the server
 * says otherwise.
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
    const results = writes.map((write) => {
      const type = write.type === "put" ? "put" : "removal";
      return this.#laneOf(write.context).add(
        write.id,
        type,
        (goOn) => this.#limiter.run(() => this.#write(life, write, goOn)),
      );
    });
    await Promise.allSettled(results);
    return await Promise.all(results);
  }

  /** Resolves when all earlier writes of a context are done or have failed. */
  async settled(context: string): Promise<void> {
    await this.#lanes.get(context)?.settled();
  }

  /** Removes the markers of rows whose removal all followers know of. */
  tidy(): void {
    this.#markers.tidy();
  }

  /** Forgets all rows, because the bucket has. */
  forget(): void {
    this.#own.clear();
    this.#markers.forget();
  }

  #laneOf(context: string): RowLane {
    let lane = this.#lanes.get(context);
    if (lane === undefined) {
      lane = new RowLane(() => this.#lanes.delete(context));
      this.#lanes.set(context, lane);
    }
    return lane;
  }

  /** Writes a row, and calls `goOn` once that is sent. */
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
          return { isDone: false, revision: await this.#lastOf(context) };
        }
        expected = entry?.revision ?? 0;
      }
      const body = this.#bodyOf(life, write);
      const { maxBytes } = this.#bucket;
      if (body.length > maxBytes) {
        const action = `share row ${id} of context ${context}`;
        this.#host.onError(new TooLargeError(action, body.length, maxBytes));
        // To refuse it would make the node try again for ever.
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

  /** Reports whether a row with this value, or none, may be written. */
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
    const age = write.type === "retract" ? 0 : write.age;
    const after = this.#host.lastOf(write.context);
    const left = write.type === "withdraw" ? true : undefined;
    const head: RowHead = { id, node, epoch, age, left, after };
    const value = write.type === "put" ? write.value : "";
    return new TextEncoder().encode(encode(head, value));
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
