/**
 * Makes what says whether an error is told for the first time: one that is kept
 * and thrown again, as that of keys which can't be had for a while, would fill
 * the logs of whoever is asked by everybody.
 *
 * @returns What takes an error, and says so.
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
