import { groupBy } from "../../internal.ts";
import { isWrongType } from "./errors.ts";
import type { RedisNames } from "./names.ts";
import type { RedisLink } from "./redis_link.ts";
import { textsOf } from "./replies.ts";
import { type RedisScript, SCRIPTS } from "./scripts.ts";

/** The types of keys, by the last part of their names. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["contexts", "set"],
  ["last", "string"],
  ["leases", "hash"],
  ["memory", "string"],
  ["owners", "hash"],
  ["rows", "hash"],
  ["unpurged", "hash"],
]);

/**
 * Calls that read and write keys of ours.
 *
 * If a key has a value of a type that is not ours, it is renamed: then it can be
 * written again, and nothing of somebody else's is lost. The keys that belong to
 * it are of no use without it and are deleted. The memory gets another name, so
 * that all nodes notice and write what they have. The call fails all the same,
 * with all others under way.
 */
export class RedisCalls {
  /** The link to Redis. */
  readonly link: RedisLink;
  /** The names of keys and channels. */
  readonly names: RedisNames;

  /** Makes calls over a link. */
  constructor(link: RedisLink, names: RedisNames) {
    this.link = link;
    this.names = names;
  }

  /**
   * Sends a command.
   *
   * @param keys The keys that it is about, all of one slot. Those belong together
   * whose names differ in the last part.
   * @param args The command and its arguments.
   * @returns The reply.
   */
  async command(
    keys: readonly string[],
    ...args: readonly string[]
  ): Promise<unknown> {
    try {
      return await this.link.command(keys[0] ?? "", args);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      const { memory } = this.names;
      const renamed: string[] = [];
      const nameOf = (key: string) => key.slice(0, key.lastIndexOf(":"));
      for (const group of groupBy(keys, nameOf).values()) {
        renamed.push(...await this.#setAside(group));
      }
      // Another node has noticed it, too, and was quicker.
      if (renamed.length === 0) throw error;
      const more = await this.#setAside([memory]);
      await this.link.command(memory, ["SET", memory, crypto.randomUUID()]);
      throw this.link.restart(
        `${
          [...renamed, ...more].join("; ")
        }, and nodes write again what they have`,
      );
    }
  }

  /**
   * Runs a script by its hash. Every connection begins by loading all scripts;
   * when Redis has forgotten one, the link connects again. The call does not
   * send the text instead, because later calls could overtake it then.
   *
   * @param script The script.
   * @param keys Its keys, of one slot.
   * @param args Its other arguments.
   * @returns The reply.
   */
  run(
    { sha1 }: RedisScript,
    keys: readonly string[],
    ...args: readonly string[]
  ): Promise<unknown> {
    const count = String(keys.length);
    return this.command(keys, "EVALSHA", sha1, count, ...keys, ...args);
  }

  /** Renames keys of another type; returns a sentence for each. */
  async #setAside(keys: readonly string[]): Promise<readonly string[]> {
    const [first = ""] = keys;
    const types = keys.map((key) =>
      TYPES.get(key.slice(key.lastIndexOf(":") + 1)) ?? ""
    );
    const { sha1 } = SCRIPTS.setAside;
    const count = String(keys.length);
    return textsOf(
      await this.link.command(first, [
        ...["EVALSHA", sha1, count, ...keys, ...types],
      ]),
    );
  }
}
