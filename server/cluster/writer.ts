import type { Duration, PresenceModel } from "../../core/mod.ts";
import type {
  BackboneConnection,
  NodeLife,
  RowWrite,
  Written,
} from "./backbone.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnEntries } from "./own_entries.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** How many rows one call writes. */
const BATCH = 500;

/** A write that was done or refused. */
export interface SettledWrite {
  /** The life that wrote. */
  readonly life: NodeLife;
  /** The write. */
  readonly write: RowWrite;
  /** The memory of the backbone when it was written. */
  readonly memory: string;
  /** Its outcome. */
  readonly written: Written;
}

/** What a writer needs. */
export interface WriterHost {
  readonly session: Session;
  readonly outbox: Outbox;
  readonly own: Pick<OwnEntries<PresenceModel>, "dated">;
  /** Called when a write was done or refused. */
  settled(write: SettledWrite): void;
  /** Called when nothing is left to write. */
  emptied(): void;
  /** Called when a call has failed. Its writes wait for the next try. */
  failed(error: unknown): void;
}

/**
 * Writes the outbox: at once if no call is in progress, else together after
 * that call.
 */
export class Writer {
  readonly #host: WriterHost;
  /** How many writes were done or refused. */
  written = 0;
  /** How many calls have failed. */
  failures = 0;
  #isScheduled = false;
  #isFlushing = false;
  #flushed: Promise<void> = Promise.resolve();
  /** Runs since the outbox was last empty. */
  #behind: Stopwatch | undefined;
  /** The same for the writes in progress. */
  #underway: Stopwatch | undefined;

  /** Makes the writer of an outbox. */
  constructor(host: WriterHost) {
    this.#host = host;
    host.outbox.onChange = () => this.#flushSoon();
  }

  /**
   * The age of the oldest change that may not be written; 0 for none. While more
   * changes wait than one call writes, it is how long changes have been waiting.
   */
  get lagMs(): Duration {
    return (this.#underway ?? this.#behind)?.elapsed ?? 0;
  }

  /** Writes after the present task. */
  #flushSoon(): void {
    this.#look();
    if (this.#isScheduled || this.#isFlushing) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Writes everything that waits. */
  flush(): void {
    if (this.#isFlushing || !this.#mayWrite) return;
    this.#isFlushing = true;
    this.#flushed = this.#flush();
  }

  /** Writes everything that is left, for the last time. */
  async finish(connection: BackboneConnection): Promise<void> {
    await this.#flushed;
    while (this.#host.outbox.size > 0) await this.#write(connection);
  }

  /** Measures how long there has been something to write. */
  #look(): void {
    if (this.#host.outbox.size === 0) this.#behind = undefined;
    else this.#behind ??= new Stopwatch(this.#host.session.now);
  }

  get #mayWrite(): boolean {
    return this.#host.session.isConnected && this.#host.session.memory !== "";
  }

  async #flush(): Promise<void> {
    try {
      while (this.#host.outbox.size > 0 && this.#mayWrite) {
        const { connection } = this.#host.session;
        if (connection === undefined) break;
        await this.#write(connection);
      }
    } catch (error) {
      this.#host.failed(error);
    } finally {
      this.#isFlushing = false;
    }
    if (this.#host.outbox.size === 0 && this.#mayWrite) {
      this.#host.emptied();
    }
  }

  async #write(connection: BackboneConnection): Promise<void> {
    const { life, memory } = this.#host.session;
    const writes = this.#host.outbox.take(BATCH)
      .flatMap((write) => this.#host.own.dated(write) ?? []);
    this.#underway = this.#behind;
    this.#look();
    let all: readonly Written[];
    try {
      all = writes.length > 0 ? await connection.write(life, writes) : [];
    } catch (error) {
      this.#host.outbox.failed();
      this.#behind = this.#underway;
      this.failures++;
      throw error;
    } finally {
      this.#underway = undefined;
    }
    this.#host.outbox.done();
    this.written += all.length;
    for (const [index, written] of all.entries()) {
      const write = writes[index];
      if (write === undefined) continue;
      this.#host.session.lease.wrote(write.context, written.revision);
      this.#host.settled({ life, write, memory, written });
    }
  }
}
