// @ts-check

/** @type {readonly (readonly [RegExp, string])[]} */
const BROWSERS = [
  [/\bEdg(e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|Chromium|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

/** @type {readonly (readonly [RegExp, string])[]} */
const SYSTEMS = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "Mac"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/**
 * Returns what a tab runs on: `Firefox on Linux`.
 *
 * @param {string} userAgent that of `navigator`
 * @returns {string}
 */
export function deviceOf(userAgent) {
  const browser = match(BROWSERS, userAgent) ?? "Browser";
  const system = match(SYSTEMS, userAgent);
  return system === undefined ? browser : `${browser} on ${system}`;
}

/**
 * @param {readonly (readonly [RegExp, string])[]} names
 * @param {string} userAgent
 */
function match(names, userAgent) {
  return names.find(([pattern]) => pattern.test(userAgent))?.[1];
}
