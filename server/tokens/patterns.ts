import type { Key } from "../../core/mod.ts";

/**
 * Makes the question whether a context is one that patterns name: exactly, or
 * by what it begins with, if the pattern ends in `*`. A star elsewhere is a
 * character like others. `*` alone names all, those that are numbers too.
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
