/** The longest pause between two attempts. */
const MAX_PAUSE_MS = 30_000;

/**
 * Returns how long to wait after failures in a row: twice as long for each, at
 * most 30 seconds, and up to half of that less, so that not all clients return
 * at once.
 *
 * @param failures How many there were before this one.
 * @param firstMs The longest pause after the first one.
 */
export function backOffMs(failures: number, firstMs: number): number {
  const longestMs = Math.min(firstMs * 2 ** failures, MAX_PAUSE_MS);
  return longestMs * (0.5 + Math.random() / 2);
}
