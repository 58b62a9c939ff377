import type { Timestamp } from "../../core/mod.ts";

/** Timers can't wait longer. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * Calls back once, when a time has come; for the end of an identity, which may
 * be further away than a timer can wait.
 *
 * @param due When, in Unix milliseconds by the clock; what is past calls back
 * soon, `Infinity` never.
 * @param clock Tells the time.
 * @param onDue What to call.
 * @returns What calls it off, and frees the timer.
 *
 * @example Usage
 * ```ts
 * import { callAt } from "@ruthere/presence/server/http";
 *
 * using _end = callAt(Date.now() + 60_000, Date.now, () => console.log("over"));
 * ```
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
