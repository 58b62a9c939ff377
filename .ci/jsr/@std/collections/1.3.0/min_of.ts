export function minOf<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => number,
): number | undefined;
export function minOf<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => bigint,
): bigint | undefined;
export function minOf<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => number | bigint,
): number | bigint | undefined {
  let found: number | bigint | undefined;
  let index = 0;
  for (const element of array) {
    const value = selector(element, index++);
    if (Number.isNaN(value)) return value;
    if (found === undefined || value < found) found = value;
  }
  return found;
}
