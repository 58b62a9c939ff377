import type { KeptLease, Lease, NodeLife, Renewal } from "../mod.ts";
import { lifeOf, lifeText, type RedisNames } from "./names.ts";
import type { RedisLink } from "./redis_link.ts";
import {
  listOf,
  numberOf,
  pairsOf,
  readableOf,
  textOf,
  textsOf,
} from "./replies.ts";
import { runScript } from "./script_runner.ts";
import { type RedisScript, SCRIPTS } from "./scripts.ts";

/** The leases, the memory, and the lives that are over. */
export class LeaseStore {
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  readonly #by: string;
  readonly #onForgotten: () => void;
  #memory = "";

  /**
   * @param link What leads to Redis.
   * @param names What keys are called.
   * @param by Names the connection in what it tells.
   */
  constructor(
    link: RedisLink,
    names: RedisNames,
    by: string,
    onForgotten: () => void,
  ) {
    this.#link = link;
    this.#names = names;
    this.#by = by;
    this.#onForgotten = onForgotten;
  }

  /** The memory, as it was when it was last asked for. */
  get memory(): string {
    return this.#memory;
  }

  /** Asks for the memory. */
  async askMemory(): Promise<string> {
    const { memory } = this.#names;
    const args = [crypto.randomUUID()];
    const reply = await runScript(this.#link, this.#names, SCRIPTS.memory, [
      memory,
    ], args);
    return this.#remember(reply);
  }

  /**
   * Begins a life.
   *
   * @param lease Its lease.
   * @param former The life that the connection had before, if it had one.
   * @returns The memory, and whether others know that the former one is over,
   * but not purged.
   */
  async acquire(
    lease: Lease,
    former: NodeLife | undefined,
  ): Promise<{ memory: string; isKnown: boolean }> {
    const formerText = former === undefined ? "" : lifeText(former);
    const reply = await this.#say(SCRIPTS.acquire, lease, formerText);
    const [memory, isKnown] = textsOf(reply);
    return { memory: this.#remember(memory), isKnown: isKnown === "1" };
  }

  /** Goes on with it. */
  async renew(lease: Lease): Promise<Renewal> {
    const reply = listOf(await this.#say(SCRIPTS.renew, lease));
    const [isKept, memory, unpurged] = reply;
    return {
      isKept: textOf(isKept) === "1",
      memory: this.#remember(memory),
      unpurged: readableOf(textsOf(unpurged), lifeOf),
    };
  }

  /** The leases that have not ended, or that of one node. */
  async leases(node?: string): Promise<KeptLease[]> {
    const { leases } = this.#names;
    const args = node === undefined ? [] : [node];
    const [now, ...found] = listOf(
      await runScript(this.#link, this.#names, SCRIPTS.leases, [leases], args),
    );
    return readableOf(pairsOf(found), ([at, text]) => {
      const lease: Lease = JSON.parse(text);
      return { ...lease, age: Math.max(0, numberOf(now) - numberOf(at)) };
    });
  }

  /** Ends a life, unless it was renewed. */
  async end({ node, epoch }: NodeLife, count: number): Promise<boolean> {
    const { leases, unpurged, news } = this.#names;
    const reply = await runScript(this.#link, this.#names, SCRIPTS.end, [
      leases,
      unpurged,
    ], [
      ...[node, epoch, String(count)],
      ...[news, this.#link.publish, this.#by],
    ]);
    return textOf(reply) === "1";
  }

  /** Whether a life goes on. */
  async lives({ node, epoch }: NodeLife): Promise<boolean> {
    const [lease] = await this.leases(node);
    return lease?.epoch === epoch;
  }

  /** Takes note that the rows of a life are gone. */
  async purged(life: NodeLife): Promise<void> {
    const { unpurged } = this.#names;
    await this.#link.command(unpurged, ["HDEL", unpurged, lifeText(life)]);
  }

  /** Takes note of the memory that there is now. */
  #remember(reply: unknown): string {
    const memory = textOf(reply);
    const isAnother = memory !== this.#memory;
    this.#memory = memory;
    if (isAnother) this.#onForgotten();
    return memory;
  }

  #say(
    script: RedisScript,
    lease: Lease,
    ...more: readonly string[]
  ): Promise<unknown> {
    const { node, epoch, count, announced, written } = lease;
    const { leases, unpurged, memory, news } = this.#names;
    return runScript(this.#link, this.#names, script, [
      leases,
      unpurged,
      memory,
    ], [
      ...[crypto.randomUUID(), node, epoch, lifeText(lease), String(count)],
      JSON.stringify({ node, epoch, count, announced, written }),
      ...[news, this.#link.publish, this.#by, ...more],
    ]);
  }
}
