/**
 * Helpers that the folders of the server share. The package does not export
 * them.
 *
 * @module
 */

export {
  assertName,
  assertPositive,
  assertServer,
  assertText,
  isShortText,
} from "./shared/assert.ts";
export { callAt } from "./shared/deadline.ts";
export {
  endOf,
  type Identity,
  type RightsEnd,
  type Unauthorized,
} from "./shared/identity.ts";
export { groupBy } from "./shared/group_by.ts";
export {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "./shared/json.ts";
export { MAX_NAME_LENGTH, MAX_URL_LENGTH } from "./shared/lengths.ts";
export { pause } from "./shared/pause.ts";
export { FACET_ALLOWANCE_MS } from "./replication/replication.ts";
export { startWatch } from "./watch/start_watch.ts";
export { SweepLimit } from "./shared/sweep_limit.ts";
export { toldOnce } from "./shared/told_once.ts";
export {
  TokenBucket,
  TokenBuckets,
  type TokenRate,
} from "./shared/token_bucket.ts";
export { rightsKey, visibleTo } from "./watch/viewer.ts";
