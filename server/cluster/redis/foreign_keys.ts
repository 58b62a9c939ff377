import { isWrongType } from "./errors.ts";
import type { RedisNames } from "./names.ts";
import type { RedisLink } from "./redis_link.ts";
import { textsOf } from "./replies.ts";
import { SCRIPTS } from "./scripts.ts";

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
 * Calls Redis. If a key has a value of a type that is not ours, the key gets
 * another name: then it can be written anew, and nothing of somebody else's is
 * lost. What belongs to it is of no use without it, and goes; by another memory
 * all nodes see that, and write what they have. The call fails all the same,
 * with all that are under way.
 *
 * @param link What leads to Redis.
 * @param names What keys are called.
 * @param keys The keys of the call, which belong together.
 * @param args The command, and what belongs to it.
 * @returns What Redis gives.
 */
export async function commandOf(
  link: RedisLink,
  { memory }: RedisNames,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const [first = ""] = keys;
  try {
    return await link.command(first, args);
  } catch (error) {
    if (!isWrongType(error)) throw error;
    const told = await setAside(link, keys);
    // Somebody else has come across it, and was quicker.
    if (told.length === 0) throw error;
    const more = await setAside(link, [memory]);
    await link.command(memory, ["SET", memory, crypto.randomUUID()]);
    throw link.restart(
      `${[...told, ...more].join("; ")}, and what nodes have is written anew`,
    );
  }
}

/** Gives keys of another type other names; tells which. */
async function setAside(
  link: RedisLink,
  keys: readonly string[],
): Promise<readonly string[]> {
  const [first = ""] = keys;
  const types = keys.map((key) =>
    TYPES.get(key.slice(key.lastIndexOf(":") + 1)) ?? ""
  );
  const { sha1 } = SCRIPTS.set_aside;
  const count = String(keys.length);
  return textsOf(
    await link.command(first, ["EVALSHA", sha1, count, ...keys, ...types]),
  );
}
