/**
 * Creates a function that reports whether it receives an error for the first
 * time. An error that is kept and thrown to every caller, like one of keys that
 * can't be fetched for a while, would otherwise fill the logs.
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
