import { assertNoOtherOptions } from "../../core/assert.ts";
import { type Duration, InvalidValueError } from "../../core/mod.ts";

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
export interface ClusterSettings {
  /** The name of the node. */
  readonly node: string;
  /** How long a node may go without a renewal. */
  readonly leaseTtlMs: Duration;
  /** How often the node renews its lease. */
  readonly renewalMs: Duration;
  /** How long a node that is cut off shows the entries of others. */
  readonly holdMs: Duration;
  /** Receives every failure. */
  readonly onError: (error: unknown) => void;
}

const ACTION = "join cluster";

/** Timers can't wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Checks options, and adds the defaults. */
export function settingsOf(options: ClusterOptions): ClusterSettings {
  const { node = crypto.randomUUID(), leaseTtlMs = 15_000, ...rest } = options;
  const { renewalMs = leaseTtlMs / 3, holdMs = 60_000, ...more } = rest;
  const { onError = console.error, ...others } = more;
  assertNoOtherOptions(others, ACTION);
  if (typeof node !== "string" || node === "" || !node.isWellFormed()) {
    refuse("node", "must be a well-formed string that is not empty", node);
  }
  assertDuration(leaseTtlMs, "leaseTtlMs");
  assertDuration(renewalMs, "renewalMs");
  assertDuration(holdMs, "holdMs");
  if (renewalMs >= leaseTtlMs) {
    refuse(
      "renewalMs",
      `must be less than leaseTtlMs, ${leaseTtlMs}`,
      renewalMs,
    );
  }
  return { node, leaseTtlMs, renewalMs, holdMs, onError };
}

function assertDuration(value: unknown, field: string): void {
  if (typeof value === "number" && value > 0 && value <= MAX_TIMER_MS) return;
  const rule = `must be a number greater than zero, and no more than`;
  refuse(field, `${rule} ${MAX_TIMER_MS}`, value);
}

function refuse(field: string, rule: string, value: unknown): never {
  throw new InvalidValueError(ACTION, field, rule, value);
}
