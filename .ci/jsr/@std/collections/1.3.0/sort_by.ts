export type Order = "asc" | "desc";
export type SortByOptions = { order: Order };

export function sortBy<T>(
  iterator: Iterable<T>,
  selector:
    | ((el: T, index: number) => number)
    | ((el: T, index: number) => string)
    | ((el: T, index: number) => bigint)
    | ((el: T, index: number) => Date),
  options?: SortByOptions,
): T[] {
  const sign = options?.order === "desc" ? -1 : 1;
  return Array.from(iterator, (value, index) => ({
    value,
    by: selector(value, index),
  })).sort(({ by: a }, { by: b }) => {
    // NaN comes last, in descending order first.
    if (Number.isNaN(a)) return sign;
    if (Number.isNaN(b)) return -sign;
    return sign * (a > b ? 1 : a < b ? -1 : 0);
  }).map(({ value }) => value);
}
