/** An iterator that ends at once by a signal, `return()` or disposal. */
export type Watch<T> = AsyncIterableIterator<T, void> & AsyncDisposable;

/**
 * Creates a watch from a generator. When the watch ends, a pending wait of the
 * generator ends as well, and its resources are freed even if nobody reads on.
 *
 * @param signals Each of them ends the watch.
 * @param read Generates the values until `signal` is aborted. Calling `end` ends
 * the watch.
 */
export function startWatch<T>(
  signals: readonly (AbortSignal | undefined)[],
  read: (signal: AbortSignal, end: () => void) => AsyncGenerator<T, void>,
): Watch<T> {
  const inner = new AbortController();
  const end = () => {
    inner.abort();
    return values.return();
  };
  async function* linked(): AsyncGenerator<T, void> {
    if (signals.some((signal) => signal?.aborted)) return;
    for (const signal of signals) signal?.addEventListener("abort", end);
    try {
      yield* read(inner.signal, end);
    } finally {
      for (const signal of signals) signal?.removeEventListener("abort", end);
    }
  }
  const values = linked();
  return {
    next: () => values.next(),
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
