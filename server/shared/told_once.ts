/**
 * Creates a function that reports whether it receives an error for the first
 * time. Some errors are kept and thrown to every caller, for example while keys
 * can't be fetched; without this check they would fill the logs. A value that
 * is not an object always counts as new.
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
