import {
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../core/mod.ts";
import type { PresenceStoreOptions } from "../store/mod.ts";
import { assertNotNegative } from "./shared/assert.ts";

/** The options of a server. */
export interface PresenceServerOptions
  extends Pick<PresenceStoreOptions, "retention" | "staleUpdates" | "epoch"> {
  /**
   * Returns the wall time in milliseconds, which is displayed and in which the
   * deadlines of updates are. It may be set while the server runs.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
  /**
   * Returns a time in milliseconds that nobody sets. It decides what is due.
   *
   * @default {the clock if one is given, else steadyNow}
   */
  readonly steadyClock?: (() => Timestamp) | undefined;
  /**
   * How long the entries of a lost connection stay, in milliseconds. 0 removes
   * them at once.
   *
   * @default {10_000}
   */
  readonly graceMs?: Duration | undefined;
  /**
   * How many subjects a context may have.
   *
   * @default {Infinity}
   */
  readonly maxSubjectsPerContext?: number | undefined;
  /**
   * How many departed subjects to remember a last-seen time for.
   *
   * @default {10_000}
   */
  readonly maxDepartures?: number | undefined;
}

/** The options of a server with defaults, except for those of its store. */
export type ServerSettings =
  & PresenceServerOptions
  & Required<Omit<PresenceServerOptions, keyof PresenceStoreOptions>>;

/**
 * Checks the options of a server.
 *
 * @throws {InvalidValueError} If one is of a wrong type, or not known.
 */
export function settingsOf(options: PresenceServerOptions): ServerSettings {
  const action = "create server";
  assertOptions(options, action);
  const { retention, staleUpdates, epoch, clock = Date.now, ...own } = options;
  const { steadyClock = options.clock ?? steadyNow, ...rest } = own;
  const {
    graceMs = 10_000,
    maxSubjectsPerContext = Infinity,
    maxDepartures = 10_000,
    ...others
  } = rest;
  assertNoOtherOptions(others, action);
  assertNotNegative(graceMs, "graceMs", action);
  assertNotNegative(maxSubjectsPerContext, "maxSubjectsPerContext", action);
  assertNotNegative(maxDepartures, "maxDepartures", action);
  assertFunction(clock, "clock", action);
  assertFunction(steadyClock, "steadyClock", action);
  return {
    clock,
    steadyClock,
    graceMs,
    maxSubjectsPerContext,
    maxDepartures,
    retention,
    staleUpdates,
    epoch,
  };
}
