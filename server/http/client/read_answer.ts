import type { PresenceModel } from "../../../core/mod.ts";
import type { PresenceBatch } from "../../mod.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../internal.ts";

/**
 * Reads a batch as it came over the wire. JSON leaves out what is `undefined`;
 * it is put back, so that the batch is the one that the server's watch made.
 *
 * @throws {TypeError} If it is no batch.
 */
export function readBatch<M extends PresenceModel>(
  data: string,
): PresenceBatch<M> {
  const batch = parseJson(data);
  if (isBatch<M>(batch)) return batch;
  throw new TypeError("Cannot read changes: the service sent no batch");
}

/** Tells whether a value is a batch, and puts back what JSON left out. */
function isBatch<M extends PresenceModel>(
  value: unknown,
): value is PresenceBatch<M> {
  if (!isJsonObject(value) || !isPosition(value.position)) return false;
  if (value.type === "changes") {
    return Array.isArray(value.changes) && value.changes.every(isChange);
  }
  return value.type === "baseline" && typeof value.part === "number" &&
    typeof value.last === "boolean" && Array.isArray(value.snapshots) &&
    value.snapshots.every(isSnapshot);
}

function isChange(value: unknown): boolean {
  if (!isJsonObject(value) || typeof value.sequence !== "number") return false;
  switch (value.type) {
    case "published":
      putBack(value, "previous");
      return isKeyed(value.update) && isSnapshot(value.snapshot) &&
        (value.previous === undefined || isSnapshot(value.previous));
    case "facetsExpired":
      return Array.isArray(value.facets) && isSnapshot(value.snapshot) &&
        isSnapshot(value.previous);
    case "expired":
    case "withdrawn":
      return typeof value.seenAt === "number" && isSnapshot(value.previous);
    case "hidden":
      return isKeyed(value.key);
    default:
      return false;
  }
}

/** Tells whether a value is a snapshot, and puts back what JSON left out. */
export function isSnapshot(value: unknown): boolean {
  return isKeyed(value) && isJsonObject(value.facets) &&
    typeof value.observedAt === "number" && value.visibility !== undefined &&
    value.expiry !== undefined;
}

/** Whether it names an entry, with a resource or with none. */
function isKeyed(value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false;
  putBack(value, "resource");
  const { subject, context, origin, resource } = value;
  return isWireKey(subject) && isWireKey(context) && isWireKey(origin) &&
    (resource === undefined || isWireKey(resource));
}

/** JSON leaves out what is `undefined`. */
function putBack(object: Record<string, unknown>, name: string): void {
  object[name] ??= undefined;
}

function isWireKey(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

function isPosition(value: unknown): boolean {
  return isJsonObject(value) && typeof value.epoch === "string" &&
    typeof value.sequence === "number";
}

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
