export function mapValues<T, O, K extends string>(
  record: Readonly<Record<K, T>>,
  transformer: (value: T, key: K) => O,
): Record<K, O>;
export function mapValues<T, O, K extends string>(
  record: Readonly<Partial<Record<K, T>>>,
  transformer: (value: T, key: K) => O,
): Partial<Record<K, O>>;
export function mapValues<T, O>(
  record: Record<string, T>,
  transformer: (value: T, key: string) => O,
): Record<string, O> {
  return Object.fromEntries(
    Object.entries(record).map((
      [key, value],
    ) => [key, transformer(value, key)]),
  );
}
