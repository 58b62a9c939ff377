/**
 * The first steps: publish, read, summarize, follow changes, expire, withdraw.
 *
 * ```sh
 * deno run examples/basic_presence_flow.ts
 * ```
 *
 * @module
 */

import {
  compareEntryKeys,
  compareKeys,
  DEFAULT_PROJECTION,
  PresenceBeacon,
  type PresenceModel,
  PresenceStore,
} from "@ruthere/presence";
import { note, row, scene, title } from "./_console.ts";
import { changeInWords, facetsInWords, keyInWords } from "./_words.ts";

/** A model with one facet of its own. */
interface DocumentModel extends PresenceModel {
  facets: { typing: true };
}

const context = "doc-42";
const store = new PresenceStore<DocumentModel>();

// A cursor is a watcher's position. This one has seen the empty store.
const cursor = store.watcherCursor("tail");

title(
  "Basic presence flow",
  `Alice has ${context} open twice: in a browser tab and on her phone.`,
);

scene("Two resources of one subject");
note("A beacon builds the updates of one entry; the store applies them.");
note("Time is a plain number from outside: nothing here reads a clock.");

const tab = new PresenceBeacon<DocumentModel>({
  subject: "alice",
  context,
  resource: "tab",
  origin: "session/tab",
  expiry: { after: 60 },
});
const phone = new PresenceBeacon<DocumentModel>({
  subject: "alice",
  context,
  resource: "phone",
  origin: "session/phone",
  expiry: { after: 60 },
});
const bob = new PresenceBeacon<DocumentModel>({
  subject: "bob",
  context,
  origin: "session/bob",
});

const arrivals = [
  tab.heartbeatAt(100, { availability: "available", activity: "editing" }),
  phone.heartbeatAt(105, { availability: "away", activity: "observing" }),
  bob.heartbeatAt(110, { availability: "busy", activity: "presenting" }),
];
for (const update of arrivals) {
  const sequence = store.publish(update);
  row(`sequence ${sequence}`, keyInWords(update));
}

scene("One snapshot");
const snapshot = store.snapshot(phone.key);
if (snapshot) {
  row(keyInWords(snapshot), facetsInWords(snapshot.facets));
  row(
    "expires",
    `at ${snapshot.expiry}, unless the phone sends another heartbeat`,
  );
}

scene("All snapshots of a context");
for (const each of store.snapshots({ context }).toSorted(compareEntryKeys)) {
  row(keyInWords(each), facetsInWords(each.facets));
}

scene("The dominant snapshot of a summary");
const summary = store.subjectSummary("alice", context);
for (const { resource, facets } of summary?.snapshots ?? []) {
  const rank = DEFAULT_PROJECTION.activityRank(facets.activity);
  row(`${resource}`, `${facets.activity} has rank ${rank}`);
}
note("The phone published last, but the higher rank is dominant. The time");
note("only decides between equal ranks. Last seen is the latest of all.");
showAlice();

scene("The summaries of a context");
const summaries = store.subjectSummaries({ context })
  .toSorted((a, b) => compareKeys(a.subject, b.subject));
for (const { subject, activity, availability } of summaries) {
  row(`${subject}`, `${activity}, ${availability}`);
}

scene("Changes since the cursor");
showChanges();
note("A poll moves the cursor past the changes that it returned.");
row("status", `${cursor.status(store)}`);

scene("A facet that expires before its entry");
note("Alice types. Unless she continues, that ends at 118.");
store.publish(
  tab.heartbeatAt(112, { typing: true }, { typing: { after: 6 } }),
);
row("next deadline", `${store.nextDeadline()}`);
store.expire(118);
showChanges();

scene("Another snapshot is dominant");
note("The tab is idle, and observing ranks higher.");
store.publish(tab.heartbeatAt(120, { activity: "idle" }));
showChanges();
showAlice();

scene("An entry expires");
note("The last heartbeat of the phone was at 105. It expires 60 later.");
row("next deadline", `${store.nextDeadline()}`);
row("removed", `${store.expire(165)}`);
showChanges();
showAlice();

scene("Goodbye");
note("A publisher that leaves on purpose does not wait for that.");
store.withdraw(tab.key);
showChanges();
row("still here", store.snapshots({ context }).map(keyInWords).join(", "));

function showAlice(): void {
  const summary = store.subjectSummary("alice", context);
  if (summary === undefined) return;
  const { dominant, activity, availability, lastSeen } = summary;
  row("dominant", `${activity}, ${availability} (${dominant.resource})`);
  row("last seen", `at ${lastSeen}`);
}

function showChanges(): void {
  const result = cursor.poll(store);
  if (result.type === "gap") return; // See watcher_presence_flow.ts.
  for (const change of result.changes) {
    row(`change ${change.sequence}`, changeInWords(change));
  }
}
