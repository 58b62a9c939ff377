import { RedisReplyError } from "./errors.ts";

/** Reads a text: clients may return short ones as numbers. */
export function textOf(reply: unknown): string {
  if (typeof reply === "string") return reply;
  if (typeof reply === "number" || typeof reply === "bigint") {
    return String(reply);
  }
  throw new RedisReplyError("text", reply);
}

/** Reads a number, also from a text. */
export function numberOf(reply: unknown): number {
  const number = Number(textOf(reply));
  if (Number.isNaN(number)) throw new RedisReplyError("number", reply);
  return number;
}

/** Reads a list. */
export function listOf(reply: unknown): readonly unknown[] {
  if (Array.isArray(reply)) return reply;
  throw new RedisReplyError("list", reply);
}

/** Reads a list of texts. */
export function textsOf(reply: unknown): readonly string[] {
  return listOf(reply).map(textOf);
}

/** Reads items, without those that can't be read: they are none of ours. */
export function readableOf<T, Read>(
  items: Iterable<T>,
  read: (item: T) => Read,
): Read[] {
  return [...items].flatMap((item) => {
    try {
      return [read(item)];
    } catch {
      return [];
    }
  });
}
