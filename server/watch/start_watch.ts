import type { Watch } from "./watch.ts";

/**
 * Makes a watch of a generator. Ending it also ends a wait of the generator,
 * and frees what it holds even if nobody reads on.
 *
 * @param signals Those of them that there are end the watch.
 * @param read Yields until its signal is aborted; its second argument is what
 * ends the watch.
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
