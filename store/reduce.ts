import {
  type EntryKey,
  equalValues,
  type FacetPatch,
  type Facets,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  sameVisibility,
} from "../core/mod.ts";

/** Facets as this file handles them: by name, for any model. */
type Named = Readonly<Record<string, unknown>>;

/**
 * Returns the snapshot of an entry after an update: the update's visibility,
 * `observedAt` and expiry, and the entry's facets, patched.
 */
export function reduce<M extends PresenceModel>(
  key: EntryKey<M>,
  facets: Facets<M>,
  update: PresenceUpdate<M>,
): PresenceSnapshot<M> {
  return {
    subject: key.subject,
    context: key.context,
    resource: key.resource,
    origin: key.origin,
    visibility: update.visibility,
    observedAt: update.observedAt,
    expiry: update.expiry,
    facets: patchFacets<M>(facets, update.facets),
  };
}

/** Applies a patch to facets: a value sets, `null` clears. O(facets). */
export function patchFacets<M extends PresenceModel>(
  facets: Facets<M>,
  patch: FacetPatch<M>,
): Facets<M> {
  return patchNamed(facets, patch) as Facets<M>;
}

/**
 * Applies a patch: a value sets, `null` clears, `undefined` keeps. The result
 * is a new object with every facet as an own property, even `__proto__`.
 */
function patchNamed(facets: Named, patch: Named): Named {
  // A spread defines own properties, whatever their names.
  if (setsAll(patch)) return { ...facets, ...patch };
  const patched = new Map(Object.entries(facets));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) patched.delete(name);
    else if (value !== undefined) patched.set(name, value);
  }
  return Object.fromEntries(patched);
}

/** Reports whether every member of a patch sets a facet. */
function setsAll(patch: Named): boolean {
  for (const name in patch) {
    const value = patch[name];
    if (value === null || value === undefined) return false;
  }
  return true;
}

/** Returns the facets without some of them. */
export function clearFacets<M extends PresenceModel>(
  facets: Facets<M>,
  names: readonly string[],
): Facets<M> {
  const kept = Object.entries(facets).filter(([name]) => !names.includes(name));
  return Object.fromEntries(kept) as Facets<M>;
}

/**
 * Reports whether an update changes nothing but times: the label and all facets
 * but `lastSeen` stay as they are.
 */
export function isRefresh<M extends PresenceModel>(
  snapshot: PresenceSnapshot<M>,
  update: PresenceUpdate<M>,
): boolean {
  return sameVisibility(snapshot.visibility, update.visibility) &&
    keepsFacets(snapshot.facets, update.facets);
}

function keepsFacets(facets: Named, patch: Named): boolean {
  return Object.keys(patch).every((name) => {
    const value = patch[name];
    if (value === undefined) return true;
    if (!Object.hasOwn(facets, name)) return value === null;
    if (value === null) return false;
    return name === "lastSeen" || equalValues(facets[name], value);
  });
}
