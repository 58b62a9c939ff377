import { assertEntryKey, assertUpdateBody } from "../../core/assert.ts";
import type {
  Duration,
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
} from "../../core/mod.ts";
import { FACET_ALLOWANCE_MS } from "../internal.ts";
import type { RemoteEntry } from "../mod.ts";

/** Encodes a context as its name in a backbone, which distinguishes 1 from "1". */
export function contextName(context: unknown): string {
  return JSON.stringify(context);
}

/** The context that all nodes follow. It is not JSON and has no rows. */
export const NODES = "nodes";

/** Returns the name of the context that only one node follows. */
export function nodeContext(node: string): string {
  return `node ${node}`;
}

/** Encodes the key of an entry as the id of its row. */
export function rowId({ subject, resource, origin }: EntryKey): string {
  return JSON.stringify([subject, resource ?? null, origin]);
}

/**
 * How long facets with deadlines last, in milliseconds. In a row this counts from
 * when the publisher was heard.
 */
export type FacetsLast = readonly (readonly [name: string, lasts: Duration])[];

/** Encodes an entry as the value of a row. */
export function encodeRow<M extends PresenceModel>(
  { visibility, observedAt, facets }: PresenceSnapshot<M>,
  facetsLast: FacetsLast = [],
): string {
  const lasts = facetsLast.length > 0
    ? Object.fromEntries(facetsLast)
    : undefined;
  return JSON.stringify({ visibility, observedAt, facets, lasts });
}

/**
 * Reports whether a row equals an entry, and its facets last about as long.
 *
 * @param row The value of the row.
 * @param age How many milliseconds ago its publisher was heard from.
 * @param value The value of the entry, without how long its facets last.
 * @param left How long they last from now.
 */
export function saysTheSame(
  row: string,
  age: Duration,
  value: string,
  left: FacetsLast,
): boolean {
  if (row === value && left.length === 0) return true;
  try {
    const { lasts = {}, ...said } = JSON.parse(row);
    if (JSON.stringify(said) !== value) return false;
    const shared = new Map(Object.entries(leftOf(lasts, age)));
    return shared.size === left.length &&
      left.every(([name, duration]) =>
        Math.abs((shared.get(name) ?? Infinity) - duration) <=
          FACET_ALLOWANCE_MS
      );
  } catch {
    return false;
  }
}

/** Decodes the key of an entry; returns `undefined` if it is invalid. */
export function decodeKey<M extends PresenceModel>(
  context: string,
  id: string,
): EntryKey<M> | undefined {
  try {
    const [subject, resource, origin] = JSON.parse(id);
    const key = {
      subject,
      context: JSON.parse(context),
      resource: resource ?? undefined,
      origin,
    };
    assertEntryKey(key, "read row");
    return key;
  } catch {
    return undefined;
  }
}

/**
 * Decodes an entry without facets that ended longer ago than the allowance;
 * returns `undefined` if this version can't read it.
 *
 * @param age How many milliseconds ago its publisher was heard from.
 */
export function decodeRow<M extends PresenceModel>(
  context: string,
  id: string,
  value: string,
  age: Duration = 0,
): RemoteEntry<M> | undefined {
  const key = decodeKey<M>(context, id);
  if (key === undefined) return undefined;
  try {
    const { visibility, observedAt, facets, lasts } = JSON.parse(value);
    assertUpdateBody({ visibility, observedAt, facets, expiry: "never" });
    const { resource } = key;
    const entry = { ...key, resource, visibility, observedAt, facets };
    if (lasts === undefined) return entry;
    const facetsLeft = leftOf(lasts, age);
    for (const [name, left] of Object.entries(facetsLeft)) {
      if (left <= -FACET_ALLOWANCE_MS) delete facets[name];
    }
    return { ...entry, facetsLeft };
  } catch {
    return undefined;
  }
}

/** Returns how long facets last from now; less than zero if they have ended. */
function leftOf(lasts: object, age: Duration): Record<string, Duration> {
  const left = Object.entries(lasts).flatMap(([name, duration]) =>
    Number.isFinite(duration) ? [[name, duration - age] as const] : []
  );
  return Object.fromEntries(left);
}
