/**
 * Makes what says whether an error is told for the first time: one that is kept
 * and thrown again, as that of keys which can't be had for a while, would fill
 * the logs of whoever is asked by everybody.
 *
 * @returns What takes an error, and says so.
 *
 * @example Usage
 * ```ts
 * import { toldOnce } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * const isNew = toldOnce();
 * const error = new Error("out of order");
 * assertEquals([isNew(error), isNew(error)], [true, false]);
 * assertEquals(isNew(new Error("out of order")), true);
 * ```
 */
export function toldOnce(): (error: unknown) => boolean {
  const told = new WeakSet<object>();
  return (error) => {
    if (typeof error !== "object" || error === null) return true;
    if (told.has(error)) return false;
    told.add(error);
    return true;
  };
}
