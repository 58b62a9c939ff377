import {
  equalValues,
  type FacetPatch,
  type Facets,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  sameVisibility,
} from "../core/mod.ts";

/** Facets as this file handles them: by name, whatever the model calls them. */
type Named = Readonly<Record<string, unknown>>;

/**
 * What an entry is after an update: the update's visibility, `observedAt` and
 * expiry, and the facets that it was before, patched.
 */
export function reduce<M extends PresenceModel>(
  previous: PresenceSnapshot<M>,
  update: PresenceUpdate<M>,
): PresenceSnapshot<M> {
  return {
    subject: previous.subject,
    context: previous.context,
    resource: previous.resource,
    origin: previous.origin,
    visibility: update.visibility,
    observedAt: update.observedAt,
    expiry: update.expiry,
    facets: patchFacets<M>(previous.facets, update.facets),
  };
}

/**
 * Applies a patch: a value sets, `null` clears, `undefined` keeps. The result
 * is a new object, which has every facet as a property of its own, also one
 * that is called `__proto__`.
 */
export function patchFacets<M extends PresenceModel>(
  facets: Facets<M>,
  patch: FacetPatch<M>,
): Facets<M> {
  return patchNamed(facets, patch) as Facets<M>;
}

function patchNamed(facets: Named, patch: Named): Named {
  // A spread defines properties, and so has no trouble with any name.
  if (setsAll(patch)) return { ...facets, ...patch };
  const patched = new Map(Object.entries(facets));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) patched.delete(name);
    else if (value !== undefined) patched.set(name, value);
  }
  return Object.fromEntries(patched);
}

/** Whether a patch neither clears a facet nor leaves one out by `undefined`. */
function setsAll(patch: Named): boolean {
  for (const name in patch) {
    const value = patch[name];
    if (value === null || value === undefined) return false;
  }
  return true;
}

/** The facets without those of the given names. */
export function clearFacets<M extends PresenceModel>(
  facets: Facets<M>,
  names: readonly string[],
): Facets<M> {
  const kept = Object.entries(facets).filter(([name]) => !names.includes(name));
  return Object.fromEntries(kept) as Facets<M>;
}

/**
 * Tells whether an update changes nothing but times: the label and the facets
 * stay as they are, but for a later or earlier `lastSeen`.
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
