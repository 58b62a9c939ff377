export function sumOf<T>(
  array: Iterable<T>,
  selector: (el: T, index: number) => number,
): number {
  let sum = 0;
  let index = 0;
  for (const element of array) sum += selector(element, index++);
  return sum;
}
