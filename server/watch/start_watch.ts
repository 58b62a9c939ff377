import type { Watch } from "./watch.ts";

/**
 * Creates a watch from a generator. When the watch ends, a pending wait of the
 * generator ends as well, and its resources are freed even if nobody reads on.
 *
 * @param signals Each of them ends the watch.
 * @param run Generates the values until its signal is aborted.
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
