import { type Duration, InvalidValueError } from "../core/mod.ts";

/** No timer waits longer. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Throws unless a timer can wait that long. */
export function assertDelay(
  action: string,
  field: string,
  value: Duration,
): void {
  if (Number.isFinite(value) && value > 0 && value <= MAX_DELAY_MS) return;
  const rule = `must be a positive number of at most ${MAX_DELAY_MS}`;
  throw new InvalidValueError(action, field, rule, value);
}
