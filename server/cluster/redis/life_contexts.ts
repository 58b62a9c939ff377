import type { NodeLife } from "../mod.ts";
import { commandOf } from "./foreign_keys.ts";
import { lifeText, type RedisNames } from "./names.ts";
import type { RedisLink } from "./redis_link.ts";
import { numberOf, textsOf } from "./replies.ts";

/** How many contexts are looked at, for each one that is new. */
const LOOKS = 2;

/**
 * Which contexts a life may have rows in: known in Redis before the rows are
 * there, so that they are found when the life is over. Contexts that are empty
 * are forgotten little by little, so that there are no more of them than there
 * are contexts with rows.
 */
export class LifeContexts {
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  #life = "";
  /** Those that Redis knows; whose turn it is to be looked at comes first. */
  readonly #known = new Set<string>();

  /**
   * @param link What leads to Redis.
   * @param names What keys are called.
   */
  constructor(link: RedisLink, names: RedisNames) {
    this.#link = link;
    this.#names = names;
  }

  /** Forgets what Redis knows: it may have lost it. */
  forget(): void {
    this.#known.clear();
  }

  /** Lets Redis know contexts. What is sent after this call, is done after it. */
  async add(life: NodeLife, contexts: Iterable<string>): Promise<void> {
    if (lifeText(life) !== this.#life) {
      this.#life = lifeText(life);
      this.#known.clear();
    }
    const added = [...contexts].filter((name) => !this.#known.has(name));
    if (added.length === 0) return;
    const old = this.#oldest(added.length * LOOKS);
    for (const name of added) this.#known.add(name);
    const key = this.#names.contextsOf(life);
    try {
      const args = ["SADD", key, ...added];
      await commandOf(this.#link, this.#names, [key], args);
    } catch (error) {
      for (const name of added) this.#known.delete(name);
      throw error;
    }
    for (const name of old) {
      // Next time will do as well.
      this.#look(life, key, name).catch(() => {});
    }
  }

  /** Some contexts in which a life that is over may have rows. */
  async some(life: NodeLife, count: number): Promise<readonly string[]> {
    const key = this.#names.contextsOf(life);
    const args = ["SRANDMEMBER", key, String(count)];
    return textsOf(await commandOf(this.#link, this.#names, [key], args));
  }

  /** Takes note that a life has no rows in contexts. */
  async remove(life: NodeLife, contexts: readonly string[]): Promise<void> {
    if (contexts.length === 0) return;
    const key = this.#names.contextsOf(life);
    await this.#link.command(key, ["SREM", key, ...contexts]);
  }

  #oldest(count: number): string[] {
    const oldest: string[] = [];
    for (const name of this.#known) {
      if (oldest.length === count) break;
      oldest.push(name);
    }
    return oldest;
  }

  async #look(life: NodeLife, key: string, name: string): Promise<void> {
    // Whoever writes there meanwhile makes it known again.
    this.#known.delete(name);
    const [rows = ""] = this.#names.context(name);
    const exists = await this.#link.command(rows, ["EXISTS", rows]);
    if (this.#life !== lifeText(life) || this.#known.has(name)) return;
    if (numberOf(exists) === 1) this.#known.add(name);
    else await this.#link.command(key, ["SREM", key, name]);
  }
}
