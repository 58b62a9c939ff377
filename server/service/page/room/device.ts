/** Browsers and systems; the first that fits counts, and the last fits always. */
const BROWSERS = {
  Edge: /\bEdg(e|A|iOS)?\//,
  Opera: /\bOPR\//,
  Firefox: /\b(Firefox|FxiOS)\//,
  Chrome: /(Chrome|Chromium|CriOS)\//,
  Safari: /\bSafari\//,
  Browser: /(?:)/,
};
const SYSTEMS = {
  " on Android": /\bAndroid\b/,
  " on iPhone": /\biPhone\b/,
  " on iPad": /\biPad\b/,
  " on Windows": /\bWindows\b/,
  " on Mac": /\bMac OS X\b/,
  " on ChromeOS": /\bCrOS\b/,
  " on Linux": /\bLinux\b/,
};

/** Returns what a tab runs on: `Firefox on Linux`. */
export function deviceOf(userAgent: string): string {
  return [BROWSERS, SYSTEMS].map((names) =>
    Object.entries(names).find(([, pattern]) => pattern.test(userAgent))?.[0]
  ).join("");
}
