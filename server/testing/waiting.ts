/** Longer than this nothing that a test waits for takes, on a busy machine. */
const PATIENCE_MS = 60_000;

/**
 * Waits for a promise, and fails if that takes too long.
 *
 * @param promise What to wait for.
 * @param explain Makes the message if it does not settle.
 */
export async function within<T>(
  promise: Promise<T>,
  explain: () => string,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(explain())), PATIENCE_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until something holds, looking again and again.
 *
 * @param holds The condition.
 * @param what The condition in words.
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > end) {
      throw new Error(`It never comes to this: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
