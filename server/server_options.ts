import {
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../core/mod.ts";
import type { PresenceStoreOptions } from "../store/mod.ts";
import { assertNotNegative } from "./shared/assert.ts";

/** How a server behaves. */
export interface PresenceServerOptions
  extends Pick<PresenceStoreOptions, "retention" | "staleUpdates" | "epoch"> {
  /**
   * Tells the wall time, in milliseconds: what is shown, and what the deadlines
   * of updates mean. It may be set while the server runs.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
  /**
   * Decides what is due, in milliseconds: a clock that nobody sets.
   *
   * @default {the clock if one is given, else steadyNow}
   */
  readonly steadyClock?: (() => Timestamp) | undefined;
  /**
   * How long what a connection held goes on after it is gone, in
   * milliseconds; 0 for not at all.
   *
   * @default {10_000}
   */
  readonly graceMs?: Duration | undefined;
  /**
   * How many subjects may be in one context.
   *
   * @default {Infinity}
   */
  readonly maxSubjectsPerContext?: number | undefined;
  /**
   * Of how many subjects who are gone it is remembered when they were last
   * seen.
   *
   * @default {10_000}
   */
  readonly maxDepartures?: number | undefined;
}

/** The options of a server with their defaults, but for those of its store. */
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
