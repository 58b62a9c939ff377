import type { Watch } from "./watch.ts";

/**
 * Makes a watch of a generator. Ending the watch, by itself or by a signal, also
 * ends a wait of the generator, and frees what it holds even if nobody reads on.
 *
 * @param signals What ends it; absent ones don't.
 * @param run Makes the values until its signal is aborted.
 */
export function startWatch<T>(
  signals: readonly (AbortSignal | undefined)[],
  run: (signal: AbortSignal) => AsyncGenerator<T, void>,
): Watch<T> {
  const inner = new AbortController();
  async function* linked() {
    if (signals.some((signal) => signal?.aborted)) return;
    for (const signal of signals) signal?.addEventListener("abort", end);
    try {
      yield* run(inner.signal);
    } finally {
      for (const signal of signals) signal?.removeEventListener("abort", end);
    }
  }
  const values = linked();
  const end = () => {
    inner.abort();
    return values.return();
  };
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
