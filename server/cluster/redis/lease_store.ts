import {
  isLease,
  type KeptLease,
  type Lease,
  type NodeLife,
  type Renewal,
} from "../mod.ts";
import type { RedisCalls } from "./calls.ts";
import { lifeOf, lifeText } from "./names.ts";
import { listOf, numberOf, readableOf, textOf, textsOf } from "./replies.ts";
import { type RedisScript, SCRIPTS } from "./scripts.ts";

/** The leases, the memory, and the lives that are over but not purged. */
export class LeaseStore {
  readonly #calls: RedisCalls;
  readonly #by: string;
  readonly #onForgotten: () => void;
  #memory = "";
  #asking: Promise<string> | undefined;

  /**
   * @param calls Calls to Redis.
   * @param by Identifies the connection to others.
   * @param onForgotten Called when the memory is another one.
   */
  constructor(calls: RedisCalls, by: string, onForgotten: () => void) {
    this.#calls = calls;
    this.#by = by;
    this.#onForgotten = onForgotten;
  }

  /** The memory as of the last reply. */
  get memory(): string {
    return this.#memory;
  }

  /** Asks for the memory, once for all who ask at the same time. */
  askMemory(): Promise<string> {
    this.#asking ??= Promise.resolve().then(async () => {
      this.#asking = undefined;
      const { memory } = this.#calls.names;
      const name = crypto.randomUUID();
      return this.#remember(
        await this.#calls.run(SCRIPTS.memory, [memory], name),
      );
    });
    return this.#asking;
  }

  /** Renews a lease, or begins a life. */
  async renew(lease: Lease, begins: boolean): Promise<Renewal> {
    const { node, epoch, count, announced, written } = lease;
    const [isKept, memory, unpurged] = listOf(
      await this.#run(
        SCRIPTS.renew,
        ...[node, epoch, lifeText(lease), String(count)],
        JSON.stringify({ node, epoch, count, announced, written }),
        begins ? "1" : "0",
      ),
    );
    return {
      isKept: textOf(isKept) === "1",
      memory: this.#remember(memory),
      unpurged: readableOf(textsOf(unpurged), lifeOf),
    };
  }

  /** Reads the leases that have not ended, or that of one node. */
  async leases(node?: string): Promise<KeptLease[]> {
    const { leases } = this.#calls.names;
    const [time, found] = await Promise.all([
      this.#calls.command([leases], "TIME"),
      node === undefined
        ? this.#calls.command([leases], "HVALS", leases)
        : this.#calls.command([leases], "HGET", leases, node),
    ]);
    const [seconds, micros] = listOf(time);
    const now = numberOf(seconds) * 1_000 + numberOf(micros) / 1_000;
    const all = node === undefined ? listOf(found) : [found];
    return readableOf(all, (stored) => {
      const { at, lease } = JSON.parse(textOf(stored));
      const kept: unknown = JSON.parse(lease);
      if (!isLease(kept)) throw new TypeError("Cannot read lease");
      return { ...kept, age: Math.max(0, now - numberOf(at)) };
    });
  }

  /** Ends a life, unless it was renewed. */
  async end({ node, epoch }: NodeLife, count: number): Promise<boolean> {
    const reply = await this.#run(SCRIPTS.end, node, epoch, String(count));
    return textOf(reply) === "1";
  }

  /** Reports whether a life has its lease. */
  async lives({ node, epoch }: NodeLife): Promise<boolean> {
    const [lease] = await this.leases(node);
    return lease?.epoch === epoch;
  }

  /** Forgets a life whose rows are removed. */
  async purged(life: NodeLife): Promise<void> {
    const { unpurged } = this.#calls.names;
    await this.#calls.command([unpurged], "HDEL", unpurged, lifeText(life));
  }

  #remember(reply: unknown): string {
    const memory = textOf(reply);
    const isAnother = memory !== this.#memory;
    this.#memory = memory;
    if (isAnother) this.#onForgotten();
    return memory;
  }

  #run(script: RedisScript, ...args: readonly string[]): Promise<unknown> {
    const { link, names } = this.#calls;
    const { leases, unpurged, memory, news } = names;
    const keys = [leases, unpurged, memory];
    return this.#calls.run(
      script,
      keys,
      news,
      link.publishCommand,
      this.#by,
      ...args,
    );
  }
}
