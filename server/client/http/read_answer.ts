import { isKey, type PresenceModel } from "../../../core/mod.ts";
import type { PresenceBatch } from "../../mod.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../internal.ts";
import type { PublishAnswer, WithdrawAnswer } from "../../http/mod.ts";

/**
 * Parses a batch from the wire. JSON omits fields that are `undefined`; this
 * restores them, so that the batch equals that of the server's watch.
 *
 * @throws {TypeError} If the data is not a batch.
 */
export function readBatch<M extends PresenceModel>(
  data: string,
): PresenceBatch<M> {
  const batch = parseJson(data);
  if (isBatch<M>(batch)) return batch;
  throw new TypeError("Cannot read changes: the service sent no batch");
}

/** Reports whether a value is a batch, and restores what JSON omits. */
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
      restore(value, "previous");
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

/** Reports whether a value is a snapshot, and restores what JSON omits. */
function isSnapshot(value: unknown): boolean {
  return isKeyed(value) && isJsonObject(value.facets) &&
    typeof value.observedAt === "number" && value.visibility !== undefined &&
    value.expiry !== undefined;
}

/** Reports whether a value has the key of an entry. */
function isKeyed(value: unknown): value is JsonObject {
  if (!isJsonObject(value)) return false;
  restore(value, "resource");
  const { subject, context, origin, resource } = value;
  return isKey(subject) && isKey(context) && isKey(origin) &&
    (resource === undefined || isKey(resource));
}

/** Restores a field that JSON omits if it is `undefined`. */
function restore(object: Record<string, unknown>, name: string): void {
  object[name] ??= undefined;
}

/** Reports whether a value has a position, as all batches and answers have. */
function isPosition(value: unknown): value is JsonObject {
  return isJsonObject(value) && typeof value.epoch === "string" &&
    typeof value.sequence === "number";
}

// These check that the service has answered. They trust its summaries to be of
// the application's model.

/** Reports whether a value is the answer to published updates. */
export function isPublishAnswer(value: unknown): value is PublishAnswer {
  return isPosition(value) && Array.isArray(value.sequences);
}

/** Reports whether a value is the answer to a withdrawal. */
export function isWithdrawAnswer(value: unknown): value is WithdrawAnswer {
  return isPosition(value) && typeof value.withdrawn === "number";
}

/** Reports whether a value answers a query with one summary, or `null`. */
export function isSummaryAnswer<A>(value: unknown): value is A {
  return isPosition(value) &&
    (value.summary === null || isSummary(value.summary));
}

/** Reports whether a value answers a query with a list of summaries. */
export function isListAnswer<A>(value: unknown): value is A {
  return isPosition(value) && Array.isArray(value.summaries) &&
    value.summaries.every(isSummary);
}

/** Creates the check of an answer about documents, which has a member. */
export function documentAnswer<A>(
  member: string,
): (value: unknown) => value is A {
  return (value): value is A =>
    isJsonObject(value) && typeof value.timestamp === "number" &&
    typeof value[member] === "object" && value[member] !== null;
}

/** Reports whether a value is a summary, and restores what JSON omits. */
function isSummary(value: unknown): boolean {
  return isJsonObject(value) && value.subject !== undefined &&
    value.context !== undefined && isJsonObject(value.facets) &&
    (value.resources === undefined ||
      Array.isArray(value.resources) && value.resources.every(isSnapshot));
}
