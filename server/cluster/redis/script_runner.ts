import type { RedisLink } from "./redis_link.ts";
import type { RedisScript } from "./scripts.ts";

/**
 * Runs a script by its hash. Every connection begins with all scripts known;
 * when Redis does not know one any more, the link connects anew. The script is
 * not sent with the call instead: then later calls could overtake it.
 *
 * @param link What leads to Redis.
 * @param script The script.
 * @param keys Its keys, of one slot.
 * @param args Its other arguments.
 * @returns What it returns.
 */
export async function runScript(
  link: RedisLink,
  script: RedisScript,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const [key = ""] = keys;
  const rest = [String(keys.length), ...keys, ...args];
  return await link.command(key, ["EVALSHA", script.sha1, ...rest]);
}
