import type { Duration } from "../../core/mod.ts";
import type {
  BackboneConnection,
  NodeLife,
  RowWrite,
  Written,
} from "./backbone.ts";
import type { Outbox, PendingWrite } from "./outbox.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** How many rows are written at once. */
const BATCH = 500;

/** A write that was done or refused. */
export interface SettledWrite {
  /** The life that has written. */
  readonly life: NodeLife;
  /** What. */
  readonly write: RowWrite;
  /** The memory of the backbone at that time, as far as was known. */
  readonly memory: string;
  /** What has become of it. */
  readonly written: Written;
}

/** What a writer needs. */
export interface WriterHost {
  /** Says what a write is by now; `undefined` if there is nothing to write. */
  dated(write: PendingWrite): RowWrite | undefined;
  /** A write is settled. */
  settled(write: SettledWrite): void;
  /** Nothing is left to be written. */
  emptied(): void;
  /** Something could not be written, and waits for the next try. */
  failed(error: unknown): void;
}

/**
 * Writes what has changed: at once, as long as nothing is under way; else all
 * that has come meanwhile together.
 */
export class Writer {
  readonly #session: Session;
  readonly #outbox: Outbox;
  readonly #host: WriterHost;
  #isScheduled = false;
  #isFlushing = false;
  #flushed: Promise<void> = Promise.resolve();
  #written = 0;
  #failures = 0;
  /** Since when there has always been something to write. */
  #behind: Stopwatch | undefined;
  /** The same of what is under way. */
  #underway: Stopwatch | undefined;

  /** Makes one that has nothing to write. */
  constructor(session: Session, outbox: Outbox, host: WriterHost) {
    this.#session = session;
    this.#outbox = outbox;
    this.#host = host;
  }

  /** How many writes have settled. */
  get written(): number {
    return this.#written;
  }

  /** How often writing has failed. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * How long ago the oldest change was made that is not known to be written; 0
   * if all are. As long as more wait than are written at once, it is how long
   * that has been so.
   */
  get lagMs(): Duration {
    const isBehind = this.#outbox.size > 0 ? this.#behind : undefined;
    return (this.#underway ?? isBehind)?.elapsed ?? 0;
  }

  /** Writes when all is said that is said now. */
  flushSoon(): void {
    this.#look();
    if (this.#isScheduled || this.#isFlushing) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Writes all there is. */
  flush(): void {
    if (this.#isFlushing || !this.#mayWrite) return;
    this.#isFlushing = true;
    this.#flushed = this.#flush();
  }

  /** Writes what is left, for the last time. */
  async finish(connection: BackboneConnection): Promise<void> {
    await this.#flushed;
    while (this.#outbox.size > 0) await this.#write(connection);
  }

  /** Takes note of whether there is something to write. */
  #look(): void {
    if (this.#outbox.size === 0) this.#behind = undefined;
    else this.#behind ??= new Stopwatch(this.#session.now);
  }

  get #mayWrite(): boolean {
    return this.#session.isConnected && this.#session.memory !== "";
  }

  async #flush(): Promise<void> {
    try {
      while (this.#outbox.size > 0 && this.#mayWrite) {
        const { connection } = this.#session;
        if (connection === undefined) break;
        await this.#write(connection);
      }
    } catch (error) {
      this.#host.failed(error);
    } finally {
      this.#isFlushing = false;
    }
    if (this.#outbox.size === 0 && this.#mayWrite) this.#host.emptied();
  }

  async #write(connection: BackboneConnection): Promise<void> {
    const { life, memory } = this.#session;
    const writes = this.#outbox.take(BATCH)
      .flatMap((write) => this.#host.dated(write) ?? []);
    this.#underway = this.#behind;
    this.#look();
    let all: readonly Written[];
    try {
      all = writes.length > 0 ? await connection.write(life, writes) : [];
    } catch (error) {
      this.#outbox.failed();
      this.#behind = this.#underway;
      this.#failures++;
      throw error;
    } finally {
      this.#underway = undefined;
    }
    this.#outbox.done();
    this.#written += all.length;
    for (const [index, written] of all.entries()) {
      const write = writes[index];
      if (write === undefined) continue;
      this.#session.lease.wrote(write.context, written.revision);
      this.#host.settled({ life, write, memory, written });
    }
  }
}
