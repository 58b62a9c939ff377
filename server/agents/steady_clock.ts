import type { Timestamp } from "../../core/mod.ts";

let last = -Infinity;
let setBack = 0;

/**
 * The time in milliseconds by a clock that is never set back: for how long
 * somebody was silent, must not depend on what a time server does. Where the
 * system's clock is set back, it stands still.
 */
export function steadyNow(): Timestamp {
  const now = Date.now();
  if (now < last) setBack += last - now;
  last = now;
  return now + setBack;
}
