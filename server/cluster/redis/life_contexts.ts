import type { NodeLife } from "../mod.ts";
import type { RedisCalls } from "./calls.ts";
import { lifeText } from "./names.ts";
import { numberOf, textsOf } from "./replies.ts";

/** How many known contexts are looked at for each new one. */
const LOOKS = 2;

/**
 * The contexts in which a life may have rows. Redis knows a context before the
 * row is there, so that the row is found when the life is over. Empty contexts
 * are forgotten little by little, so that their number stays in proportion to
 * that of contexts with rows.
 */
export class LifeContexts {
  readonly #calls: RedisCalls;
  #life = "";
  /** What Redis knows; the one that was looked at longest ago comes first. */
  readonly #known = new Set<string>();

  /** @param calls Calls to Redis. */
  constructor(calls: RedisCalls) {
    this.#calls = calls;
  }

  /** Assumes that Redis knows none, because it may have lost them. */
  forget(): void {
    this.#known.clear();
  }

  /** Adds contexts. Calls that are made after this one are done after it. */
  async add(life: NodeLife, contexts: Iterable<string>): Promise<void> {
    if (lifeText(life) !== this.#life) {
      this.#life = lifeText(life);
      this.#known.clear();
    }
    const added = [...contexts].filter((name) => !this.#known.has(name));
    if (added.length === 0) return;
    const old: string[] = [];
    for (const name of this.#known) {
      if (old.length === added.length * LOOKS) break;
      old.push(name);
    }
    for (const name of added) this.#known.add(name);
    const key = this.#calls.names.contextsOf(life);
    try {
      await this.#calls.command([key], "SADD", key, ...added);
    } catch (error) {
      for (const name of added) this.#known.delete(name);
      throw error;
    }
    for (const name of old) {
      // If it fails, the next addition looks again.
      this.#look(life, key, name).catch(() => {});
    }
  }

  /** Returns some contexts in which a life that is over may have rows. */
  async some(life: NodeLife, count: number): Promise<readonly string[]> {
    const key = this.#calls.names.contextsOf(life);
    return textsOf(
      await this.#calls.command([key], "SRANDMEMBER", key, String(count)),
    );
  }

  /** Removes contexts in which a life has no rows. */
  async remove(life: NodeLife, contexts: readonly string[]): Promise<void> {
    if (contexts.length === 0) return;
    const key = this.#calls.names.contextsOf(life);
    await this.#calls.command([key], "SREM", key, ...contexts);
  }

  async #look(life: NodeLife, key: string, name: string): Promise<void> {
    // A write to it from now on adds it again.
    this.#known.delete(name);
    const [rows = ""] = this.#calls.names.context(name);
    const exists = await this.#calls.command([rows], "EXISTS", rows);
    if (this.#life !== lifeText(life) || this.#known.has(name)) return;
    if (numberOf(exists) === 1) this.#known.add(name);
    else await this.#calls.command([key], "SREM", key, name);
  }
}
