import { assertNoOtherOptions } from "../../core/assert.ts";
import { type Duration, InvalidValueError } from "../../core/mod.ts";

/** How a node behaves in its cluster. Times are milliseconds. */
export interface ClusterOptions {
  /**
   * Its name, which no other living node has. Where another process joins by
   * it the node goes on by a name of its own, and `onError` is told of it by a
   * {@linkcode NodeNameTakenError}.
   *
   * @default {crypto.randomUUID()}
   */
  readonly node?: string | undefined;
  /**
   * After how long without a renewal a node is given up.
   *
   * @default {15_000}
   */
  readonly leaseTtlMs?: Duration | undefined;
  /**
   * How often it renews its lease; less than the lease lives.
   *
   * @default {leaseTtlMs / 3}
   */
  readonly renewalMs?: Duration | undefined;
  /**
   * For how long a node that is cut off shows what others have.
   *
   * @default {60_000}
   */
  readonly holdMs?: Duration | undefined;
  /**
   * Told of every failure of the backbone, once, and of what should not happen.
   * It must not throw.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** The options of a node, none left out. */
export interface ClusterSettings {
  /** Its name. */
  readonly node: string;
  /** After how long without a renewal a node is given up. */
  readonly leaseTtlMs: Duration;
  /** How often it renews its lease. */
  readonly renewalMs: Duration;
  /** For how long a node that is cut off shows what others have. */
  readonly holdMs: Duration;
  /** Told of every failure. */
  readonly onError: (error: unknown) => void;
}

const ACTION = "join cluster";

/** Timers can't wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Checks options, and adds what is left out. */
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
