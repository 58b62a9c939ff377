// @ts-check

const FORMAT = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]];

/**
 * How long ago something was, in words: `2 minutes ago`.
 *
 * @param {number} ms
 * @returns {string}
 */
export function ago(ms) {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ??
    ["second", 1_000];
  // Nobody wants to see single seconds go by.
  if (unit === "second") return ms < 10_000 ? "just now" : "moments ago";
  return FORMAT.format(-Math.floor(ms / length), unit);
}
