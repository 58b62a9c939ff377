/** What people do in a room, and what that means. The foremost comes first. */
export const ACTIVITIES = new Map([
  ["editing", "changing something"],
  ["presenting", "showing something"],
  ["acting", "carrying out a task"],
  ["navigating", "finding the way"],
  ["observing", "reading or watching"],
  ["idle", "here, but not active"],
]);

/** Whether people may be talked to, and what that means. */
export const AVAILABILITIES = new Map([
  ["busy", "better not to be disturbed"],
  ["available", "glad to be talked to"],
  ["away", "not at the screen"],
]);

/** What people do in a document, and what that means. */
export const DOCUMENT_ACTIVITIES = new Map([
  ["editing", "changing the text"],
  ["selecting", "has selected something"],
  ["viewing", "reading along"],
  ["idle", "here, but not active"],
  ["away", "not looking at the page"],
]);

/** Returns the word for a code: `Editing` for `editing`. */
export function wordOf(code: string): string {
  return code.charAt(0).toUpperCase() + code.slice(1);
}

/** Writes a count with its noun, which is in the singular: `2 tabs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
