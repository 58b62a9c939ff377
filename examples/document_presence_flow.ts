/**
 * Ada and Bob write a report together: cursors, typing, idle and away, two tabs of
 * one person, and goodbye.
 *
 * ```sh
 * deno run examples/document_presence_flow.ts
 * ```
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "@ruthere/presence/server";
import {
  type Cursor,
  DocumentAtCapacityError,
  type DocumentMessage,
  type DocumentModel,
  DocumentPresence,
  type JoinOptions,
} from "@ruthere/presence/server/documents";
import { note, row, scene, title } from "./_console.ts";

/** Half an hour passes at once. A real service leaves this out. */
using time = new FakeTime(0);

using server = new PresenceServer<DocumentModel>();
using presence = new DocumentPresence(server, { maxUsersPerDocument: 2 });

/** The options to join the report, each time from another tab. */
function report(name: string): JoinOptions {
  // It lasts as long as its socket; a session without one refreshes itself.
  const ttlMs = Infinity;
  return { documentId: "report", workspaceId: "acme", name, ttlMs };
}

title(
  "Document presence",
  "Ada and Bob write a report. What do its readers see?",
);
print();

scene("Ada opens the report");
const ada = await presence.join("ada", report("Ada"));
await pass(1_000);

scene("Bob joins, and there is room for two");
const bob = await presence.join("bob", {
  ...report("Bob"),
  origin: "socket 1",
});
await pass(1_000);
try {
  await presence.join("cy", report("Cy"));
} catch (error) {
  if (!(error instanceof DocumentAtCapacityError)) throw error;
  row("cy", error.message);
}

scene("Ada moves her cursor every 10 ms");
note("Others get it every 50 ms, and always the last position.");
for (let line = 1; line <= 8; line++) {
  ada.updateCursor(lineStart(line));
  await pass(10);
}
await pass(1_000);

scene("She selects three lines");
const [anchor, head] = [lineStart(8), lineStart(11)];
ada.updateCursor(head, { anchor, head, isBackward: false });
await pass(1_000);

scene("She types over them, for a second");
note("Typing ends half a second after the last key.");
ada.updateCursor(anchor);
for (let key = 0; key < 5; key++) {
  ada.typed();
  await pass(200);
}
await pass(1_000);

scene("Bob gets a coffee, and does not return soon");
note("Ada scrolls every ten seconds meanwhile.");
for (let n = 0; n < 30; n++) {
  ada.updateViewport({ topLine: 10, bottomLine: 50, scrollPercentage: 20 });
  await pass(10_000);
}

scene("Bob is back");
bob.setFocused(true);
await pass(1_000);

scene("Ada opens the report in another tab, which hides the first");
note("She is one person, with the activity of her most active tab.");
const second = await presence.join("ada", report("Ada"));
ada.setFocused(false, { hidden: true });
second.updateCursor(lineStart(2));
await pass(1_000);
await show();

scene("She closes the new tab, then the first");
note("The tab that is left is away, and then she is gone.");
second[Symbol.dispose]();
await pass(1_000);
ada[Symbol.dispose]();
await pass(1_000);

scene("Bob reloads the page");
note("A lost connection is no goodbye, so nobody sees him leave and join.");
bob.release();
server.disconnect("socket 1");
await pass(2_000);
const again = await presence.join("bob", {
  ...report("Bob"),
  origin: "socket 2",
});
await pass(60_000);

scene("His laptop dies");
note("This time he does not return within ten seconds.");
again.release();
server.disconnect("socket 2");
await pass(60_000);

/** Lets time pass, and runs the timers that are due. */
async function pass(ms: number): Promise<void> {
  let isOver = false;
  setTimeout(() => isOver = true, ms);
  while (!isOver) await time.nextAsync();
  await time.runMicrotasks();
}

/** Prints the messages about the report as they arrive. */
async function print(): Promise<void> {
  for await (const message of presence.watch("report")) {
    row(`${time.now / 1_000} s`, inWords(message));
  }
}

/** Prints the current state. */
async function show(): Promise<void> {
  const { users } = await presence.activeUsers("report");
  for (const { userId, name, activity, sessions, color } of users) {
    const tabs = sessions === 1 ? "1 tab" : `${sessions} tabs`;
    row(userId, `${name} is ${activity}, by ${tabs}, and is ${color}`);
  }
  const { documents } = await presence.activeDocuments("acme");
  for (const { documentId, users } of documents) {
    row("acme", `${users} in ${documentId}`);
  }
}

function lineStart(line: number): Cursor {
  return { line, column: 0, offset: 80 * line };
}

function inWords(message: DocumentMessage): string {
  switch (message.type) {
    case "state":
      return `${message.users.length} are here`;
    case "userJoined":
      return `${message.user.name} joined`;
    case "userLeft":
      return `${message.userId} left`;
    case "cursorMoved": {
      const { userId, cursor, selection } = message;
      const lines = selection &&
        `, selected from line ${selection.anchor.line} to ${selection.head.line}`;
      return cursor === null
        ? `${userId} has no cursor`
        : `${userId} is at line ${cursor.line}${lines ?? ""}`;
    }
    case "typingChanged":
      return `${message.userId} ${message.isTyping ? "types" : "pauses"}`;
    case "viewportChanged":
      return `${message.userId} sees line ${message.viewport?.topLine}`;
    case "activityChanged":
      return `${message.userId} is ${message.activity}`;
    case "colorChanged":
      return `${message.userId} has the colour ${message.color}`;
    case "userIdle":
      return `${message.userId} is idle`;
  }
}
