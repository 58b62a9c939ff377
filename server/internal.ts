/**
 * What the folders of the server share and users of the package do not need.
 * The package does not export it.
 *
 * @module
 */

export {
  assertName,
  assertPositive,
  assertServer,
  assertText,
} from "./assert.ts";
export { callAt } from "./deadline.ts";
export {
  endOf,
  type Identity,
  type RightsEnd,
  type Unauthorized,
} from "./identity.ts";
export {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "./json.ts";
export { MAX_NAME_LENGTH, MAX_URL_LENGTH } from "./lengths.ts";
export { pause } from "./pause.ts";
export { startWatch } from "./start_watch.ts";
export { toldOnce } from "./told_once.ts";
export { FACET_ALLOWANCE_MS } from "./replication.ts";
export { SweepLimit } from "./sweep_limit.ts";
export { TokenBucket, TokenBuckets, type TokenRate } from "./token_bucket.ts";
export { rightsKey, visibleTo } from "./viewer.ts";
