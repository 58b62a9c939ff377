/**
 * What the server needs of the store and users of the package do not. The
 * package does not export it.
 *
 * @module
 */

export { DeadlineQueue, type Scheduled } from "./deadline_queue.ts";
export { groupBy } from "./group_by.ts";
export { patchFacets, reduce } from "./reduce.ts";
