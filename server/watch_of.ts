import type { Watch } from "./watch.ts";

/**
 * Makes a watch of a generator. When the watch ends, it first calls `end`,
 * which must end a wait that is under way: the generator itself would sit it
 * out.
 */
export function watchOf<T>(
  values: AsyncGenerator<T, void>,
  end: () => void,
): Watch<T> & { return(): Promise<IteratorResult<T, void>> } {
  const stop = () => {
    end();
    return values.return();
  };
  return {
    next: () => values.next(),
    return: stop,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}
