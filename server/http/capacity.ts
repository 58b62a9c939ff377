import type { Key, PresenceUpdate } from "../../core/mod.ts";
import { entryName } from "./holders.ts";
import type { Actor } from "./identity.ts";
import type { HttpLimits } from "./limits.ts";
import type { ServedStore } from "./served.ts";
import { HttpProblem, invalid } from "./wire/problem.ts";

const ACTION = "publish update";

/**
 * Checks, before anything is published, that all updates of a request together
 * keep each entry, and the entries of the actor, within the limits.
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
  /** The bytes of each facet that an entry would have, by the entry's name. */
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

/** Checks the entries of an actor, if some would be added in these contexts. */
function assertEntries(
  store: ServedStore,
  { subject, origin }: Actor,
  added: readonly Key[],
  limits: HttpLimits,
): void {
  if (added.length === 0) return;
  if (limits.entries === Infinity && limits.contexts === Infinity) return;
  // All entries belong to the trusted actor. Entries of a subject count for all
  // origins, as a new session may get a new origin.
  const isTrusted = origin === undefined;
  const own = isTrusted
    ? undefined
    : store.snapshots(subject === undefined ? { origin } : { subject });
  const whose = isTrusted ? "all" : JSON.stringify(subject ?? origin);
  const entries = (own?.length ?? store.size) + added.length;
  if (entries > limits.entries) {
    throw tooMany(`more than ${limits.entries} entries of ${whose}`);
  }
  // There are at most as many contexts as entries, so most checks end here.
  if (entries <= limits.contexts) return;
  // A context that has entries already adds none.
  const isUsed = (context: Key) => store.count(context).entries > 0;
  if (isTrusted && added.every(isUsed)) return;
  const held = own?.map(({ context }) => context) ?? store.contexts();
  if (new Set([...held, ...added]).size > limits.contexts) {
    throw tooMany(
      `entries of ${whose} in more than ${limits.contexts} contexts`,
    );
  }
}

function tooMany(what: string): HttpProblem {
  const detail = `Cannot ${ACTION}: there would be ${what}`;
  return new HttpProblem("too-many-entries", detail);
}

const encoder = new TextEncoder();

/** Returns the bytes of each facet as JSON with its name; 0 to clear the facet. */
function facetBytes(facets: object): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const [name, value] of Object.entries(facets)) {
    if (value === undefined) continue;
    const text = JSON.stringify(name) + JSON.stringify(value);
    bytes.set(name, value === null ? 0 : encoder.encode(text).byteLength);
  }
  return bytes;
}
