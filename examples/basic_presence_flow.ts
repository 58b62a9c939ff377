/**
 * The first steps: publish, read, summarise, follow changes, expire, leave.
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

/** Besides the facets that every model has, this one has one of its own. */
interface DocumentModel extends PresenceModel {
  facets: { typing: true };
}

const context = "doc-42";
const store = new PresenceStore<DocumentModel>();

// A cursor remembers what its watcher knows. This one knows the empty store.
const cursor = store.watcherCursor("tail");

title(
  "Basic presence flow",
  `Alice has ${context} open twice: in a browser tab and on her phone.`,
);

scene("Two resources of one subject");
note("A beacon builds the updates of one entry, and the store takes them.");
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
  row("expires", `at ${snapshot.expiry}, unless the phone is heard from again`);
}

scene("All snapshots of a context");
for (const each of store.snapshots({ context }).toSorted(compareEntryKeys)) {
  row(keyInWords(each), facetsInWords(each.facets));
}

scene("What a summary headlines, and why");
const summary = store.subjectSummary("alice", context);
for (const { resource, facets } of summary?.snapshots ?? []) {
  const rank = DEFAULT_PROJECTION.activityRank(facets.activity);
  row(`${resource}`, `${facets.activity} has rank ${rank}`);
}
note("The phone spoke last, but the higher rank headlines. Who spoke last");
note("decides between equal ranks. Last seen is the latest of them all.");
showAlice();

scene("The summaries of a context");
const summaries = store.subjectSummaries({ context })
  .toSorted((a, b) => compareKeys(a.subject, b.subject));
for (const { subject, activity, availability } of summaries) {
  row(`${subject}`, `${activity}, ${availability}`);
}

scene("Changes since the cursor");
showChanges();
note("A poll moves the cursor past what it has told.");
row("status", `${cursor.status(store)}`);

scene("A facet that ends before its entry");
note("Alice types. Unless she goes on, that is over at 118.");
store.publish(
  tab.heartbeatAt(112, { typing: true }, { typing: { after: 6 } }),
);
row("next deadline", `${store.nextDeadline()}`);
store.expire(118);
showChanges();

scene("The headline moves");
note("The tab idles, which observing outranks.");
store.publish(tab.heartbeatAt(120, { activity: "idle" }));
showChanges();
showAlice();

scene("An entry expires");
note("The phone has not been heard from since 105. After 60 it is gone.");
row("next deadline", `${store.nextDeadline()}`);
row("entries gone", `${store.expire(165)}`);
showChanges();
showAlice();

scene("Goodbye");
note("Who leaves on purpose need not wait for that.");
store.withdraw(tab.key);
showChanges();
row("still here", store.snapshots({ context }).map(keyInWords).join(", "));

function showAlice(): void {
  const summary = store.subjectSummary("alice", context);
  if (summary === undefined) return;
  const { dominant, activity, availability, lastSeen } = summary;
  row("headline", `${activity}, ${availability} (${dominant.resource})`);
  row("last seen", `at ${lastSeen}`);
}

function showChanges(): void {
  const result = cursor.poll(store);
  if (result.type === "gap") return; // See watcher_presence_flow.ts.
  for (const change of result.changes) {
    row(`change ${change.sequence}`, changeInWords(change));
  }
}
