import type { Key, PresenceUpdate } from "../../core/mod.ts";
import { entryName } from "./holders.ts";
import type { Actor } from "./identity.ts";
import type { HttpLimits } from "./limits.ts";
import type { ServedStore } from "./served.ts";
import { HttpProblem, invalid } from "./wire/problem.ts";

const ACTION = "publish update";

/**
 * Checks, before anything is published, that all updates of a request together
 * leave each entry, and all entries of the actor, within the limits.
 *
 * @throws {HttpProblem} If they do not.
 */
export function assertCapacity(
  store: ServedStore,
  actor: Actor,
  updates: readonly PresenceUpdate[],
  limits: HttpLimits,
  prefixOf: (index: number) => string,
): void {
  /** The bytes of each facet that entries would have, by the entry's name. */
  const drafts = new Map<string, Map<string, number>>();
  const fresh: PresenceUpdate[] = [];
  updates.forEach((update, index) => {
    const name = entryName(update);
    let facets = drafts.get(name);
    if (facets === undefined) {
      const stored = store.snapshot(update);
      if (stored === undefined) fresh.push(update);
      facets = facetBytes(stored?.facets ?? {});
      drafts.set(name, facets);
    }
    for (const [name, bytes] of facetBytes(update.facets)) {
      if (bytes === 0) facets.delete(name);
      else facets.set(name, bytes);
    }
    const message = facetsFault(facets, limits);
    if (message === undefined) return;
    throw invalid(ACTION, { field: `${prefixOf(index)}facets`, message });
  });
  assertEntries(store, actor, fresh.map(({ context }) => context), limits);
}

function facetsFault(
  facets: ReadonlyMap<string, number>,
  limits: HttpLimits,
): string | undefined {
  if (facets.size > limits.facets) {
    return `would make the entry have more than ${limits.facets} facets`;
  }
  let sum = 0;
  for (const bytes of facets.values()) sum += bytes;
  return sum > limits.facetBytes
    ? `would make the entry have more than ${limits.facetBytes} bytes of facets`
    : undefined;
}

/** What is held is counted only where some would be added, in these contexts. */
function assertEntries(
  store: ServedStore,
  { subject, origin }: Actor,
  added: readonly Key[],
  limits: HttpLimits,
): void {
  if (added.length === 0) return;
  if (limits.entries === Infinity && limits.contexts === Infinity) return;
  // Where everybody is one identity, all entries are theirs. Those of a subject
  // are by all origins: who signs in anew may get another one.
  const isTrusted = origin === undefined;
  const own = isTrusted
    ? undefined
    : store.snapshots(subject === undefined ? { origin } : { subject });
  const whose = isTrusted ? "all" : JSON.stringify(subject ?? origin);
  const entries = (own?.length ?? store.size) + added.length;
  if (entries > limits.entries) {
    throw new HttpProblem(
      "too-many-entries",
      `Cannot ${ACTION}: there would be more than ${limits.entries} entries of ${whose}`,
    );
  }
  // There are no more contexts than entries: mostly, that is enough to know.
  if (entries <= limits.contexts) return;
  // Nor are there more than before where no context is new to the store.
  const isUsed = (context: Key) => store.count(context).entries > 0;
  if (isTrusted && added.every(isUsed)) return;
  const held = own?.map(({ context }) => context) ?? store.contexts();
  if (new Set([...held, ...added]).size > limits.contexts) {
    throw new HttpProblem(
      "too-many-entries",
      `Cannot ${ACTION}: there would be entries of ${whose} in more than ${limits.contexts} contexts`,
    );
  }
}

const encoder = new TextEncoder();

/** The bytes of each facet as JSON, its name included; 0 for one to be cleared. */
function facetBytes(facets: object): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const [name, value] of Object.entries(facets)) {
    if (value === undefined) continue;
    const text = JSON.stringify(name) + JSON.stringify(value);
    bytes.set(name, value === null ? 0 : encoder.encode(text).byteLength);
  }
  return bytes;
}
