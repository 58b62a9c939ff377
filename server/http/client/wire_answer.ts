import type { PresenceModel } from "../../../core/mod.ts";
import { isJsonObject } from "../../internal.ts";
import type {
  ContextAnswer,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireSummary,
  WithdrawAnswer,
} from "../wire/wire.ts";
import { areSnapshots } from "./wire_batch.ts";

// What is checked is that it is our service that answers; its summaries are
// believed to be of the application's model.

/** Tells whether a value is the answer to updates. */
export function isPublishAnswer(value: unknown): value is PublishAnswer {
  return isAnswer(value) && Array.isArray(value.sequences) &&
    Array.isArray(value.granted);
}

/** Tells whether a value is the answer to a goodbye. */
export function isWithdrawAnswer(value: unknown): value is WithdrawAnswer {
  return isAnswer(value) && typeof value.withdrawn === "number";
}

/** Tells whether a value is the answer to who is in a context. */
export function isContextAnswer<M extends PresenceModel>(
  value: unknown,
): value is ContextAnswer<M> {
  return isAnswer(value) && areSummaries<M>(value.summaries);
}

/** Tells whether a value is the answer to whether a subject is in a context. */
export function isSubjectAnswer<M extends PresenceModel>(
  value: unknown,
): value is SubjectAnswer<M> {
  return isAnswer(value) &&
    (value.summary === null || isSummary<M>(value.summary));
}

/** Tells whether a value is the answer to where a subject is. */
export function isWhereaboutsAnswer<M extends PresenceModel>(
  value: unknown,
): value is WhereaboutsAnswer<M> {
  return isAnswer(value) && areSummaries<M>(value.summaries);
}

function isAnswer(value: unknown): value is Record<string, unknown> {
  return isJsonObject(value) && typeof value.sequence === "number" &&
    typeof value.epoch === "string";
}

function areSummaries<M extends PresenceModel>(
  value: unknown,
): value is WireSummary<M>[] {
  return Array.isArray(value) && value.every(isSummary<M>);
}

function isSummary<M extends PresenceModel>(
  value: unknown,
): value is WireSummary<M> {
  return isJsonObject(value) && value.subject !== undefined &&
    value.context !== undefined && isJsonObject(value.facets) &&
    (value.resources === undefined || areSnapshots<M>(value.resources));
}
