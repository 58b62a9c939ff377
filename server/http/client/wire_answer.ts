import { isJsonObject } from "../../internal.ts";
import { isSnapshot } from "./wire_batch.ts";

// What is checked is that it is our service that answers; its summaries are
// believed to be of the application's model.

/** Tells whether a value is an answer that has what was asked for in a field. */
export function isAnswer<T>(
  value: unknown,
  field: string,
  isField: (value: unknown) => boolean,
): value is T {
  return isJsonObject(value) && typeof value.sequence === "number" &&
    typeof value.epoch === "string" && isField(value[field]);
}

/** Tells whether a value is a list of summaries. */
export function areSummaries(value: unknown): boolean {
  return Array.isArray(value) && value.every(isSummary);
}

/** Tells whether a value is a summary, and puts back what JSON left out. */
export function isSummary(value: unknown): boolean {
  return isJsonObject(value) && value.subject !== undefined &&
    value.context !== undefined && isJsonObject(value.facets) &&
    (value.resources === undefined ||
      Array.isArray(value.resources) && value.resources.every(isSnapshot));
}
