import type { Timestamp } from "../../core/mod.ts";

/**
 * The longest wait before the clock is read again: a timer stops while a
 * machine sleeps, and ignores a clock that is set.
 */
const MAX_WAIT_MS = 15_000;

/**
 * Calls a function once, at a time. If the clock jumps, as it does after a
 * machine has slept, the call is at most 15 seconds late.
 *
 * @param due The time in Unix milliseconds. A time in the past calls soon,
 * `Infinity` never.
 * @param clock Returns the current time.
 * @param onDue The function to call.
 * @returns Cancels the call when it is disposed of.
 */
export function callAt(
  due: Timestamp,
  clock: () => Timestamp,
  onDue: () => void,
): Disposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    if (due === Infinity) return;
    const rest = Math.min(Math.max(Math.ceil(due - clock()), 0), MAX_WAIT_MS);
    timer = setTimeout(() => clock() < due ? wait() : onDue(), rest);
  };
  wait();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
