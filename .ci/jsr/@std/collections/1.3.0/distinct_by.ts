export function distinctBy<T, D>(
  array: Iterable<T>,
  discriminator: (el: T, index: number) => D,
): T[] {
  const seen = new Set<D>();
  return [...array].filter((element, index) => {
    const before = seen.size;
    return seen.add(discriminator(element, index)).size > before;
  });
}
