import type { Timestamp } from "../../core/mod.ts";

/**
 * Timers stand still while a machine sleeps, and know nothing of a clock that
 * is set: after so long it is looked at anew.
 */
const MAX_WAIT_MS = 15_000;

/**
 * Calls back once, when a time has come: the end of an identity, say. When a
 * clock jumps, as that of a machine does which has slept, it is noticed within
 * 15 seconds.
 *
 * @param due When, in Unix milliseconds by the clock; what is past calls back
 * soon, `Infinity` never.
 * @param clock Tells the time.
 * @param onDue What to call.
 * @returns What calls it off, and frees the timer.
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
