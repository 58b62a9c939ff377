import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { assertPositive } from "../internal.ts";

/** The limits of a request and of an identity. */
export interface HttpLimits {
  /**
   * Bytes in the body of a request.
   *
   * @default {1_048_576}
   */
  readonly bodyBytes: number;
  /**
   * Updates in a request.
   *
   * @default {1_000}
   */
  readonly updates: number;
  /**
   * UTF-16 code units in a key, a label or the name of a facet.
   *
   * @default {256}
   */
  readonly keyLength: number;
  /**
   * Facets of an entry.
   *
   * @default {64}
   */
  readonly facets: number;
  /**
   * Bytes of all facets of an entry, as JSON.
   *
   * @default {16_384}
   */
  readonly facetBytes: number;
  /**
   * Nested arrays and objects in the value of a facet.
   *
   * @default {16}
   */
  readonly facetDepth: number;
  /**
   * Summaries in an answer. If there are more, the answer has a `next`.
   *
   * @default {1_000}
   */
  readonly page: number;
  /**
   * Changes in an answer or in an event. If there are more, the answer has
   * `more`, and the stream sends several events.
   *
   * @default {1_000}
   */
  readonly changes: number;
  /**
   * Entries of an identity: of its subject with all origins, or without a
   * subject of its origin. Without `authorize`, all entries.
   *
   * @default {1_000 with `authorize`, otherwise Infinity}
   */
  readonly entries: number;
  /**
   * Contexts with entries of an identity.
   *
   * @default {100 with `authorize`, otherwise Infinity}
   */
  readonly contexts: number;
  /**
   * Open streams of an identity: a subject, or without one an origin.
   *
   * @default {100 with `authorize`, otherwise Infinity}
   */
  readonly streams: number;
  /**
   * Requests a second of an identity: a subject, or without one an origin. As
   * many may come at once.
   *
   * @default {100 with `authorize`, otherwise Infinity}
   */
  readonly requestsPerSecond: number;
}

/** The default limits of a handler with `authorize`. */
export const DEFAULT_LIMITS: HttpLimits = {
  bodyBytes: 1_048_576,
  updates: 1_000,
  keyLength: 256,
  facets: 64,
  facetBytes: 16_384,
  facetDepth: 16,
  page: 1_000,
  changes: 1_000,
  entries: 1_000,
  contexts: 100,
  streams: 100,
  requestsPerSecond: 100,
};

/**
 * The default limits of a handler without `authorize`: all clients share one
 * identity, so one client could lock out the others.
 */
export const TRUSTED_LIMITS: HttpLimits = {
  ...DEFAULT_LIMITS,
  entries: Infinity,
  contexts: Infinity,
  streams: Infinity,
  requestsPerSecond: Infinity,
};

/** The range that a time to live is clamped to. */
export interface TtlBounds {
  /**
   * The shortest time to live, in milliseconds.
   *
   * @default {1_000}
   */
  readonly min: number;
  /**
   * The longest time to live, in milliseconds.
   *
   * @default {600_000}
   */
  readonly max: number;
}

const ACTION = "create HTTP handler";

/**
 * Adds the defaults to limits.
 *
 * @throws {InvalidValueError} If a limit is unknown or not a number above 0, or
 * `page` or `changes` is not a whole number.
 */
export function limitsFrom(
  given: Partial<HttpLimits>,
  defaults: HttpLimits,
): HttpLimits {
  const set = Object.entries(given).filter(([, limit]) => limit !== undefined);
  const limits = { ...defaults, ...Object.fromEntries(set) };
  for (const [name, limit] of Object.entries(limits)) {
    const field = `limits.${name}`;
    if (!Object.hasOwn(defaults, name)) {
      assertNoOtherOptions({ [name]: limit }, ACTION, "limits");
    } else if (name !== "page" && name !== "changes") {
      assertPositive(limit, field, ACTION);
    } else if (!Number.isInteger(limit) || limit < 1) {
      const rule = "must be a whole number of 1 or more";
      throw new InvalidValueError(ACTION, field, rule, limit);
    }
  }
  return limits;
}

/**
 * Adds the defaults to the bounds of times to live.
 *
 * @throws {InvalidValueError} If they are not a range of positive numbers.
 */
export function ttlBoundsFrom(given: Partial<TtlBounds>): TtlBounds {
  const { min = 1_000, max = 600_000, ...others } = given;
  assertNoOtherOptions(others, ACTION, "ttlMs");
  assertPositive(min, "ttlMs.min", ACTION);
  if (!(max >= min) || max === Infinity) {
    const rule = "must be a finite number that is not below ttlMs.min";
    throw new InvalidValueError(ACTION, "ttlMs.max", rule, max);
  }
  return { min, max };
}

/**
 * Returns the interval of keep-alives, which is 15 seconds by default.
 *
 * @throws {InvalidValueError} If it is not a number from 1 to 2147483647.
 */
export function keepAliveFrom(given: number = 15_000): number {
  if (given >= 1 && given < 2 ** 31) return given;
  const rule = "must be a number from 1 to 2147483647";
  throw new InvalidValueError(ACTION, "keepAliveMs", rule, given);
}
