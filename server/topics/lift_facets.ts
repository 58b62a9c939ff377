import { isActivity, isAvailability } from "../../core/mod.ts";
import type { JsonValue } from "../internal.ts";
import type { LiftedFacets } from "./presence_handle.ts";

/**
 * Lifts the fields `activity` and `availability` of a meta, where they say what
 * the facets of these names can say. Whatever else a meta has in them is its
 * own business.
 *
 * @param meta The meta.
 * @returns The facets.
 *
 * @example Usage
 * ```ts
 * import { liftFacets } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * const meta = { name: "Ada", activity: "editing", availability: "asleep" };
 * assertEquals(liftFacets(meta), { activity: "editing" });
 * ```
 */
export function liftFacets(meta: JsonValue): LiftedFacets {
  if (typeof meta !== "object" || meta === null) return {};
  const fields = new Map<string, JsonValue>(Object.entries(meta));
  const activity = fields.get("activity");
  const availability = fields.get("availability");
  return {
    ...isActivity(activity) ? { activity } : {},
    ...isAvailability(availability) ? { availability } : {},
  };
}
