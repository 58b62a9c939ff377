/**
 * Makes a reading that is made once, however often it is asked for in a turn:
 * the metrics of one scrape are asked for in one.
 */
export function onceATurn<T>(read: () => T): () => T {
  let reading: { readonly value: T } | undefined;
  return () => {
    if (reading === undefined) {
      reading = { value: read() };
      queueMicrotask(() => reading = undefined);
    }
    return reading.value;
  };
}
