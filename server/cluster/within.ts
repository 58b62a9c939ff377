/**
 * Waits for a promise, but no longer than a number of milliseconds.
 *
 * @returns Its value, or `otherwise` if that takes too long.
 * @throws The signal's reason, if it is aborted first.
 */
export async function within<T, Else>(
  promise: Promise<T>,
  ms: number,
  otherwise: Else,
  signal?: AbortSignal,
): Promise<T | Else> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Else>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  try {
    return await abortable(Promise.race([promise, late]), signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for a promise.
 *
 * @returns Its value.
 * @throws The signal's reason, if it is aborted first.
 */
export async function abortable<T>(
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  // If the signal is aborted first, nobody hears of a failure.
  promise.catch(() => {});
  signal?.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason);
  });
  signal?.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
