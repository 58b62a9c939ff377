/**
 * What all readers of one context share, for topics and documents. The package
 * does not export it.
 *
 * @module
 */

export * from "./listening.ts";
export { mirrorOf } from "./mirror.ts";
export { Reader } from "./reader.ts";
export * from "./room.ts";
