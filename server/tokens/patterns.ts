import type { Key } from "../../core/mod.ts";

/**
 * Returns a function that reports whether a context matches one of the patterns:
 * exactly, or by its prefix if the pattern ends in `*`. A star elsewhere has no
 * meaning. `*` alone matches all contexts, including numbers.
 */
export function matcherOf(
  patterns: readonly string[],
): (context: Key) => boolean {
  const names = new Set<string>();
  const prefixes: string[] = [];
  for (const pattern of patterns) {
    if (pattern === "*") return () => true;
    if (pattern.endsWith("*")) prefixes.push(pattern.slice(0, -1));
    else names.add(pattern);
  }
  return (context) =>
    typeof context === "string" &&
    (names.has(context) ||
      prefixes.some((prefix) => context.startsWith(prefix)));
}
