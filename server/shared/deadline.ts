import type { Timestamp } from "../../core/mod.ts";

/**
 * The longest wait before the clock is read again: a timer stops while a
 * machine sleeps, and ignores a clock that is set.
 */
const MAX_WAIT_MS = 15_000;

/** A call that has nothing to cancel. */
const NEVER: Disposable = { [Symbol.dispose]() {} };

/**
 * Calls a function once, when a clock reaches a time. If the clock jumps, as it
 * does after a machine has slept, the call is at most 15 seconds late.
 *
 * @param due The time in Unix milliseconds: if it is past, the call is soon; if it
 * is `Infinity`, never.
 * @param clock Returns the current time.
 * @param onDue The function to call.
 * @returns A handle; disposing of it cancels the call.
 */
export function callAt(
  due: Timestamp,
  clock: () => Timestamp,
  onDue: () => void,
): Disposable {
  if (due === Infinity) return NEVER;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    const waitMs = Math.min(Math.max(Math.ceil(due - clock()), 0), MAX_WAIT_MS);
    timer = setTimeout(() => clock() < due ? wait() : onDue(), waitMs);
  };
  wait();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
