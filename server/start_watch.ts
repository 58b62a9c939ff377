import type { RunningWatches, Watch } from "./watch.ts";

/**
 * Makes a watch of a generator. Its end, or that of a signal, also ends a wait
 * that is under way, which a generator by itself would sit out, and lets go of
 * what the generator holds even if nobody reads on.
 *
 * @param signals What ends it; absent ones don't.
 * @param run Makes the batches until its signal is aborted.
 * @param running The watches of a server, which end with the server.
 */
export function startWatch<T>(
  signals: readonly (AbortSignal | undefined)[],
  run: (signal: AbortSignal) => AsyncGenerator<T, void>,
  running?: RunningWatches,
): Watch<T> {
  const inner = new AbortController();
  async function* linked() {
    const isOver = signals.some((signal) => signal?.aborted);
    if (isOver || running?.closed) return;
    running?.add(end);
    for (const signal of signals) signal?.addEventListener("abort", end);
    try {
      yield* run(inner.signal);
    } finally {
      running?.delete(end);
      for (const signal of signals) signal?.removeEventListener("abort", end);
    }
  }
  const batches = linked();
  const end = () => {
    inner.abort();
    return batches.return();
  };
  return {
    next: () => batches.next(),
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}
