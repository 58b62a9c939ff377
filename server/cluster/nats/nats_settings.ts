import type { NatsConnection } from "@nats-io/nats-core";
import { assertMethods, assertNoOtherOptions } from "../../../core/assert.ts";
import { InvalidValueError } from "../../../core/mod.ts";
import type { BucketOptions } from "./bucket.ts";
import { harmless } from "./guarded.ts";
import type { NatsBackboneOptions } from "./nats_backbone.ts";

const ACTION = "make backbone";

/** What is asked of a connection. */
const METHODS = [
  "publish",
  "request",
  "subscribe",
  "status",
  "closed",
  "isClosed",
];

/** Timers can't wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Checks options, and adds what is left out.
 *
 * @throws {InvalidValueError} If one of them makes no sense.
 */
export function settingsOf(options: NatsBackboneOptions): BucketOptions {
  const { bucket = "ruthere", storage = "file", ...rest } = options;
  const { replicas = 1, timeoutMs = 5_000, ...more } = rest;
  const { onError = console.error, ...others } = more;
  assertNoOtherOptions(others, ACTION);
  if (typeof bucket !== "string" || !/^[\w-]+$/.test(bucket)) {
    refuse("bucket", "must be letters, digits, - and _", bucket);
  }
  if (storage !== "file" && storage !== "memory") {
    refuse("storage", 'must be "file" or "memory"', storage);
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) {
    refuse("replicas", "must be a whole number from 1 to 5", replicas);
  }
  if (!(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    refuse("timeoutMs", "must be a number greater than zero", timeoutMs);
  }
  if (timeoutMs > MAX_TIMER_MS) {
    refuse("timeoutMs", `must be no more than ${MAX_TIMER_MS}`, timeoutMs);
  }
  if (typeof onError !== "function") {
    refuse("onError", "must be a function", onError);
  }
  return { bucket, storage, replicas, timeoutMs, onError: harmless(onError) };
}

/**
 * Checks that a value can be used as a connection, whichever copy of the client
 * has made it.
 *
 * @throws {InvalidValueError} If it can't.
 */
export function assertConnection(
  nats: unknown,
): asserts nats is NatsConnection {
  const rule = "must be a connection, as connect() of @nats-io gives";
  assertMethods(nats, METHODS, "nats", rule, ACTION);
}

function refuse(field: string, rule: string, value: unknown): never {
  throw new InvalidValueError(ACTION, field, rule, value);
}
