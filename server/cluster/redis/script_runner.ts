import type { RedisLink } from "./redis_link.ts";
import type { RedisScript } from "./scripts.ts";

/**
 * Runs a script: by its hash and, where Redis does not know it any more, by its
 * text, by which Redis learns it again. Every connection begins with all scripts
 * known, so calls overtake each other only when the cache is lost under way.
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
  try {
    return await link.command(key, ["EVALSHA", script.sha1, ...rest]);
  } catch (error) {
    if (!(error instanceof Error) || !/^NOSCRIPT\b/.test(error.message)) {
      throw error;
    }
  }
  return await link.command(key, ["EVAL", script.text, ...rest]);
}
