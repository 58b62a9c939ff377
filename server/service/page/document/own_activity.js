// @ts-check
/// <reference lib="dom" />

import { ActivityMonitor, monitorActivity } from "../../../../beacon/mod.ts";

/** How often somebody who is active is said to be. */
const INTERVAL_MS = 5_000;

/**
 * Tells that one is active, over and over as long as one is, and when the page
 * is looked at and when it is not. Who is idle is for the service to say.
 *
 * @param {(focused: boolean, hidden: boolean) => void} tell
 */
export function tellActivity(tell) {
  const again = () => tell(document.hasFocus(), false);
  const monitor = new ActivityMonitor({
    activityTimeoutMs: INTERVAL_MS,
    onChange(state) {
      if (state === "active") again();
    },
  });
  setInterval(() => {
    if (monitor.state === "active") again();
  }, INTERVAL_MS);
  monitorActivity(
    globalThis,
    monitor,
    (focused, { hidden }) => tell(focused, hidden),
  );
}
