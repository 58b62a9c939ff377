import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";

/** How much one request, and one identity, may ask of a handler. */
export interface HttpLimits {
  /**
   * Bytes of a request's body.
   *
   * @default {1_048_576}
   */
  readonly bodyBytes: number;
  /**
   * Updates in one request.
   *
   * @default {1_000}
   */
  readonly updates: number;
  /**
   * The length of a key, a label and a facet's name, in UTF-16 code units.
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
   * How many arrays and objects may be nested in the value of a facet.
   *
   * @default {16}
   */
  readonly facetDepth: number;
  /**
   * Summaries in one answer. Where there are more, the answer has a `next`.
   *
   * @default {1_000}
   */
  readonly page: number;
  /**
   * Changes in one answer, and in one event of a stream. Where there are more,
   * the answer has `more`, and the stream more events.
   *
   * @default {1_000}
   */
  readonly changes: number;
  /**
   * Entries of one identity: of a subject by all origins, or, of an identity
   * without a subject, by its origin. Without `authorize`, entries of all.
   *
   * @default {1_000 with `authorize`, else Infinity}
   */
  readonly entries: number;
  /**
   * Contexts that one identity has entries in, counted like its entries.
   *
   * @default {100 with `authorize`, else Infinity}
   */
  readonly contexts: number;
  /**
   * Open streams of one identity: a subject, or else an origin.
   *
   * @default {100 with `authorize`, else Infinity}
   */
  readonly streams: number;
  /**
   * Requests a second of one identity: a subject, or else an origin. As many
   * may come at once.
   *
   * @default {100 with `authorize`, else Infinity}
   */
  readonly requestsPerSecond: number;
}

/** The limits of a handler that tells identities apart. */
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
 * The limits of a handler without `authorize`: everybody is one identity
 * there, and whoever used up its share would lock all others out.
 */
export const TRUSTED_LIMITS: HttpLimits = {
  ...DEFAULT_LIMITS,
  entries: Infinity,
  contexts: Infinity,
  streams: Infinity,
  requestsPerSecond: Infinity,
};

/** The span that a time to live is clamped to. */
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

/** What does not happen when an option makes no sense. */
const ACTION = "create HTTP handler";

/**
 * Fills in what is not said of the limits.
 *
 * @throws {InvalidValueError} If one of them is not a number above 0, or the
 * page or the changes are not a whole one.
 */
export function limitsFrom(
  given: Partial<HttpLimits>,
  defaults: HttpLimits,
): HttpLimits {
  const said = Object.entries(given)
    .filter(([, limit]) => limit !== undefined);
  const limits = { ...defaults, ...Object.fromEntries(said) };
  for (const [name, limit] of Object.entries(limits)) {
    if (!Object.hasOwn(defaults, name)) {
      assertNoOtherOptions({ [name]: limit }, ACTION, "limits");
    }
    const isWhole = name === "page" || name === "changes";
    if (limit > 0 && (!isWhole || Number.isInteger(limit))) continue;
    const rule = isWhole
      ? "must be a whole number of 1 or more"
      : "must be a number above 0";
    throw new InvalidValueError(ACTION, `limits.${name}`, rule, limit);
  }
  return limits;
}

/**
 * Fills in what is not said of the bounds of times to live.
 *
 * @throws {InvalidValueError} If they are no span.
 */
export function ttlBoundsFrom(given: Partial<TtlBounds>): TtlBounds {
  const { min = 1_000, max = 600_000, ...others } = given;
  assertNoOtherOptions(others, ACTION, "ttlMs");
  if (!(min > 0)) {
    const rule = "must be a number above 0";
    throw new InvalidValueError(ACTION, "ttlMs.min", rule, min);
  }
  if (!(max >= min) || max === Infinity) {
    const rule = "must be a finite number that is not below ttlMs.min";
    throw new InvalidValueError(ACTION, "ttlMs.max", rule, max);
  }
  return { min, max };
}

/**
 * Fills in how often a stream shows that it is alive.
 *
 * @throws {InvalidValueError} If that is no time that can be waited for.
 */
export function keepAliveFrom(given: number = 15_000): number {
  if (given >= 1 && given < 2 ** 31) return given;
  const rule = "must be a number from 1 to 2147483647";
  throw new InvalidValueError(ACTION, "keepAliveMs", rule, given);
}
