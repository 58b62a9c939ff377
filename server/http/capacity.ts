import type { EntryKey, Key, PresenceUpdate } from "../../core/mod.ts";
import { EntryTree, type Leaf } from "../../store/mod.ts";
import type { Actor } from "./identity.ts";
import type { HttpLimits } from "./limits.ts";
import { HttpProblem, invalid } from "./wire/problem.ts";
import type { ServedStore } from "./served.ts";

const ACTION = "publish update";

/** What an entry would hold after the updates of a request so far. */
interface Draft extends Leaf {
  readonly snapshot: EntryKey;
  /** The bytes of each facet. */
  readonly facets: Map<string, number>;
}

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
  fieldOf: (index: number, field: string) => string,
): void {
  const drafts = new Map<Key, EntryTree<Draft>>();
  const fresh: PresenceUpdate[] = [];
  updates.forEach((update, index) => {
    let inContext = drafts.get(update.context);
    if (inContext === undefined) {
      inContext = new EntryTree();
      drafts.set(update.context, inContext);
    }
    let draft = inContext.get(update);
    if (draft === undefined) {
      const stored = store.snapshot(update);
      if (stored === undefined) fresh.push(update);
      draft = { snapshot: update, facets: facetBytes(stored?.facets ?? {}) };
      inContext.add(draft);
    }
    for (const [name, bytes] of facetBytes(update.facets)) {
      if (bytes === 0) draft.facets.delete(name);
      else draft.facets.set(name, bytes);
    }
    const fault = facetsFault(draft.facets, limits);
    if (fault === undefined) return;
    const field = fieldOf(index, "facets");
    throw invalid(ACTION, { field, message: fault });
  });
  assertEntries(store, actor, fresh, limits);
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

/** What is held is counted only where some would be added. */
function assertEntries(
  store: ServedStore,
  actor: Actor,
  fresh: readonly PresenceUpdate[],
  limits: HttpLimits,
): void {
  if (fresh.length === 0) return;
  if (limits.entries === Infinity && limits.contexts === Infinity) return;
  const isTrusted = actor.origin === undefined;
  const held = isTrusted ? heldByAll(store) : heldBy(store, actor);
  const whose = isTrusted
    ? "all"
    : JSON.stringify(actor.subject ?? actor.origin);
  const entries = held.entries + fresh.length;
  if (entries > limits.entries) {
    throw new HttpProblem(
      "too-many-entries",
      `Cannot ${ACTION}: there would be more than ${limits.entries} entries of ${whose}`,
    );
  }
  // There are no more contexts than entries: mostly, that is enough to know.
  if (entries <= limits.contexts) return;
  // Nor are there more than before where no context is new to the store.
  if (isTrusted && fresh.every(({ context }) => isUsed(store, context))) return;
  const contexts = new Set([
    ...held.contexts(),
    ...fresh.map(({ context }) => context),
  ]);
  if (contexts.size > limits.contexts) {
    throw new HttpProblem(
      "too-many-entries",
      `Cannot ${ACTION}: there would be entries of ${whose} in more than ${limits.contexts} contexts`,
    );
  }
}

function isUsed(store: ServedStore, context: Key): boolean {
  return store.count(context).entries > 0;
}

/** How much is there already of whoever publishes. */
interface Held {
  readonly entries: number;
  contexts(): readonly Key[];
}

/** Where everybody is one identity, all entries are theirs. */
function heldByAll(store: ServedStore): Held {
  return { entries: store.size, contexts: () => store.contexts() };
}

/** Of a subject, by all origins: who signs in anew may get another one. */
function heldBy(store: ServedStore, { subject, origin }: Actor): Held {
  const held = store.snapshots(
    subject === undefined ? { origin } : { subject },
  );
  return {
    entries: held.length,
    contexts: () => held.map(({ context }) => context),
  };
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
