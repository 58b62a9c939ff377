export function minWith<T>(
  array: Iterable<T>,
  comparator: (a: T, b: T) => number,
): T | undefined {
  let found: { value: T } | undefined;
  for (const value of array) {
    if (!found || comparator(value, found.value) < 0) found = { value };
  }
  return found?.value;
}
