/**
 * What the page has of the package: the beacon, the files of core that it
 * imports, and the hues of documents, without their types. So the page has no
 * code of its own for what the package does already, and needs no build step.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";
import beaconActivityMonitor from "../../../beacon/activity_monitor.ts" with {
  type: "text",
};
import beaconHeartbeat from "../../../beacon/heartbeat.ts" with {
  type: "text",
};
import beaconMod from "../../../beacon/mod.ts" with { type: "text" };
import beaconMonitorActivity from "../../../beacon/monitor_activity.ts" with {
  type: "text",
};
import beaconPresenceBeacon from "../../../beacon/presence_beacon.ts" with {
  type: "text",
};
import beaconQuietTimer from "../../../beacon/quiet_timer.ts" with {
  type: "text",
};
import beaconThrottle from "../../../beacon/throttle.ts" with { type: "text" };
import beaconTypingDetector from "../../../beacon/typing_detector.ts" with {
  type: "text",
};
import coreAssert from "../../../core/assert.ts" with { type: "text" };
import coreEntry from "../../../core/entry.ts" with { type: "text" };
import coreEqual from "../../../core/equal.ts" with { type: "text" };
import coreErrors from "../../../core/errors.ts" with { type: "text" };
import coreFacet from "../../../core/facet.ts" with { type: "text" };
import coreKey from "../../../core/key.ts" with { type: "text" };
import coreMod from "../../../core/mod.ts" with { type: "text" };
import coreSteadyClock from "../../../core/steady_clock.ts" with {
  type: "text",
};
import coreVisibility from "../../../core/visibility.ts" with { type: "text" };
import documentsHue from "../../documents/hue.ts" with { type: "text" };

const SOURCES = {
  "/beacon/activity_monitor.ts": beaconActivityMonitor,
  "/beacon/heartbeat.ts": beaconHeartbeat,
  "/beacon/mod.ts": beaconMod,
  "/beacon/monitor_activity.ts": beaconMonitorActivity,
  "/beacon/presence_beacon.ts": beaconPresenceBeacon,
  "/beacon/quiet_timer.ts": beaconQuietTimer,
  "/beacon/throttle.ts": beaconThrottle,
  "/beacon/typing_detector.ts": beaconTypingDetector,
  "/core/assert.ts": coreAssert,
  "/core/entry.ts": coreEntry,
  "/core/equal.ts": coreEqual,
  "/core/errors.ts": coreErrors,
  "/core/facet.ts": coreFacet,
  "/core/key.ts": coreKey,
  "/core/mod.ts": coreMod,
  "/core/steady_clock.ts": coreSteadyClock,
  "/core/visibility.ts": coreVisibility,
  "/documents/hue.ts": documentsHue,
};

/** What a browser asks for, by its path, and the code for it. */
export const BROWSER_SOURCES: ReadonlyMap<string, string> = new Map(
  Object.entries(SOURCES)
    .map(([path, source]) => [path, stripTypeScriptTypes(source)]),
);
