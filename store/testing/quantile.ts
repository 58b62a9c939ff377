/** Returns the value that a part of the values is below; `NaN` of none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? NaN;
}

/** Returns the median of some values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
