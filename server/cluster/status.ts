/**
 * Whether a node is one with its cluster: `connecting` before it is for the
 * first time; `isolated` while its lease can't be renewed, and what others have
 * may be old; `left` after it has left.
 */
export type ClusterStatus = "connecting" | "connected" | "isolated" | "left";

/** The statuses of a node, one after the other. */
export type StatusWatch =
  & AsyncIterableIterator<ClusterStatus, void>
  & AsyncDisposable;

/** The status of a node, and those who wait for the next one. */
export class StatusBoard {
  #current: ClusterStatus = "connecting";
  readonly #parked = new Set<() => void>();

  /** The status now. */
  get current(): ClusterStatus {
    return this.#current;
  }

  /** Sets it. */
  set(status: ClusterStatus): void {
    if (status === this.#current) return;
    this.#current = status;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const wake of parked) wake();
  }

  /** Yields the status now, and then the latest whenever it is another one. */
  watch(signal: AbortSignal | undefined): StatusWatch {
    const watch = { isEnded: false, wake: () => {} };
    const statuses = this.#statuses(watch, signal);
    const end = () => {
      watch.isEnded = true;
      watch.wake();
      return statuses.return();
    };
    return {
      next: () => statuses.next(),
      return: end,
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await end();
      },
    };
  }

  async *#statuses(
    watch: { isEnded: boolean; wake: () => void },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ClusterStatus, void> {
    let told: ClusterStatus | undefined;
    while (!watch.isEnded && !signal?.aborted && told !== "left") {
      if (told !== this.#current) {
        told = this.#current;
        yield told;
        continue;
      }
      await new Promise<void>((resolve) => {
        watch.wake = () => {
          this.#parked.delete(watch.wake);
          signal?.removeEventListener("abort", watch.wake);
          resolve();
        };
        this.#parked.add(watch.wake);
        signal?.addEventListener("abort", watch.wake);
      });
    }
  }
}
