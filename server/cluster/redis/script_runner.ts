import { commandOf } from "./foreign_keys.ts";
import type { RedisNames } from "./names.ts";
import type { RedisLink } from "./redis_link.ts";
import type { RedisScript } from "./scripts.ts";

/**
 * Runs a script by its hash. Every connection begins with all scripts known;
 * when Redis does not know one any more, the link connects anew. The script is
 * not sent with the call instead: then later calls could overtake it.
 *
 * @param link What leads to Redis.
 * @param names What keys are called.
 * @param script The script.
 * @param keys Its keys, of one slot.
 * @param args Its other arguments.
 * @returns What it returns.
 */
export async function runScript(
  link: RedisLink,
  names: RedisNames,
  script: RedisScript,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  return await commandOf(link, names, keys, ["EVALSHA", script.sha1, ...rest]);
}
