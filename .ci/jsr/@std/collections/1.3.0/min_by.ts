export function minBy<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => number,
): T | undefined;
export function minBy<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => string,
): T | undefined;
export function minBy<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => bigint,
): T | undefined;
export function minBy<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => Date,
): T | undefined;
export function minBy<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => number | string | bigint | Date,
): T | undefined {
  let found: { value: T; by: number | string | bigint | Date } | undefined;
  let index = 0;
  for (const value of array) {
    const by = selector(value, index++);
    if (!found || by < found.by) found = { value, by };
  }
  return found?.value;
}
