import { assertDelay, assertNoOtherOptions } from "../../core/assert.ts";
import { type Duration, InvalidValueError } from "../../core/mod.ts";
import { assertName } from "../internal.ts";

/** Options of a node. Times are in milliseconds. */
export interface ClusterOptions {
  /**
   * The name of the node, which no other living node has. If another process
   * joins by it, the node takes another name, and `onError` receives a
   * {@linkcode NodeNameTakenError}.
   *
   * @default {crypto.randomUUID()}
   */
  readonly node?: string | undefined;
  /**
   * How long a node may go without a renewal before it is given up.
   *
   * @default {15_000}
   */
  readonly leaseTtlMs?: Duration | undefined;
  /**
   * How often the node renews its lease; less than `leaseTtlMs`.
   *
   * @default {leaseTtlMs / 3}
   */
  readonly renewalMs?: Duration | undefined;
  /**
   * How long a node that is cut off shows the entries of others.
   *
   * @default {60_000}
   */
  readonly holdMs?: Duration | undefined;
  /**
   * Receives every failure of the backbone once, and unexpected errors. It must
   * not throw.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The options of a node, with all defaults. */
export type ClusterSettings = {
  readonly [Name in keyof ClusterOptions]-?: NonNullable<ClusterOptions[Name]>;
};

const ACTION = "join cluster";

/**
 * Checks options and adds the defaults.
 *
 * @throws {InvalidValueError} If an option has a bad value.
 */
export function settingsOf(options: ClusterOptions): ClusterSettings {
  const { node = crypto.randomUUID(), leaseTtlMs = 15_000, ...rest } = options;
  const { renewalMs = leaseTtlMs / 3, holdMs = 60_000, ...more } = rest;
  const { onError = console.error, ...others } = more;
  assertNoOtherOptions(others, ACTION);
  assertName(node, "node", ACTION);
  for (const [name, ms] of Object.entries({ leaseTtlMs, renewalMs, holdMs })) {
    assertDelay(ms, name, ACTION);
  }
  if (renewalMs >= leaseTtlMs) {
    const rule = `must be less than leaseTtlMs, ${leaseTtlMs}`;
    throw new InvalidValueError(ACTION, "renewalMs", rule, renewalMs);
  }
  return { node, leaseTtlMs, renewalMs, holdMs, onError };
}
