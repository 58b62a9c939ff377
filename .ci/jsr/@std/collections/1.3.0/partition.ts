export function partition<T, U extends T>(
  array: Iterable<T>,
  predicate: (el: T) => el is U,
): [U[], Exclude<T, U>[]];
export function partition<T>(
  array: Iterable<T>,
  predicate: (el: T, index: number) => boolean,
): [T[], T[]];
export function partition(
  array: Iterable<unknown>,
  predicate: (el: unknown, index: number) => boolean,
): [unknown[], unknown[]] {
  const parts: [unknown[], unknown[]] = [[], []];
  let index = 0;
  for (const element of array) {
    parts[predicate(element, index++) ? 0 : 1].push(element);
  }
  return parts;
}
