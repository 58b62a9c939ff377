/**
 * Two viewers with different rights poll the same server: what each of them
 * sees, what becomes hidden, and how to handle a gap.
 *
 * ```sh
 * deno run examples/watcher_presence_flow.ts
 * ```
 *
 * @module
 */

import {
  compareKeys,
  PresenceBeacon,
  type PresenceModel,
  PresenceServer,
  PUBLIC_VIEWER,
  restricted,
  type Viewer,
  viewerPolicy,
  type WatcherCursor,
} from "@ruthere/presence";
import { note, row, scene, title } from "./_console.ts";
import { changeInWords } from "./_words.ts";

/** A model with one label: restricted to the members of a document. */
interface DocumentModel extends PresenceModel {
  label: "doc-members";
}

/** A watcher: its rights, and its position in the changes. */
interface Watcher {
  name: string;
  viewer: Viewer<DocumentModel>;
  cursor: WatcherCursor;
}

const context = "doc-42";
const members = restricted("doc-members");

let now = 100;
using server = new PresenceServer<DocumentModel>({ clock: () => now });

const guest: Watcher = {
  name: "guest",
  viewer: PUBLIC_VIEWER,
  cursor: server.watcherCursor("tail"),
};
const member: Watcher = {
  name: "member",
  viewer: { restricted: ["doc-members"], private: false },
  cursor: server.watcherCursor("tail"),
};

title(
  "Watcher presence flow",
  `A guest and a member watch ${context}. The member may see more.`,
);

scene("Two arrivals, one of them for members only");
note("Visibility is only a label. The rights of a viewer hide entries.");

const alice = new PresenceBeacon<DocumentModel>({
  subject: "alice",
  context,
  resource: "tab",
  origin: "session/alice",
});
const bob = new PresenceBeacon<DocumentModel>({
  subject: "bob",
  context,
  resource: "phone",
  origin: "session/bob",
  visibility: members,
  expiry: { after: 30 },
});
server.receive(alice.updateAt(now, { activity: "editing" }));
now = 101;
server.receive(bob.updateAt(now, { activity: "observing" }));
look(guest);
look(member);

scene("Nothing happens");
note("The status says so, and nobody reads or draws anything.");
look(guest);
look(member);

scene("A change that only members see");
now = 110;
server.receive(bob.updateAt(now, { activity: "presenting" }));
look(guest);
look(member);

scene("An entry becomes hidden for one of them");
note("From here on, only members see Alice. The guest learns that she is");
note("hidden, and not what she does.");
now = 120;
server.receive({
  ...alice.updateAt(now, { activity: "presenting" }),
  visibility: members,
});
look(guest);
look(member);

scene("The entry becomes visible again");
note("For the guest it is a new entry, and it is complete.");
now = 130;
server.receive(alice.updateAt(now, { availability: "busy" }));
look(guest);
look(member);

scene("An entry expires");
note("Only members saw Bob, so only they see that he has expired.");
now = 140;
server.expire();
look(guest);
look(member);

scene("Compaction, the gap, and the rebuild");
note(
  "The member polls before the server drops its changes, the guest after.",
);
now = 150;
server.receive(alice.updateAt(now, { activity: "idle" }));
look(member);
row("dropped", `${server.compact(server.lastSequence)} changes`);
look(guest);

scene("After the rebuild, changes continue");
now = 160;
server.receive(alice.updateAt(now, { activity: "editing" }));
look(guest);
look(member);

/** Polls for a watcher. */
function look({ name, viewer, cursor }: Watcher): void {
  const visible = viewerPolicy(viewer);
  // Is there anything new for this viewer?
  if (cursor.status(server, { visible }) === "up-to-date") {
    row(name, "nothing new");
    return;
  }
  // A gap is an ordinary result: read everything, and continue from there.
  const result = cursor.poll(server, { visible });
  if (result.type === "gap") {
    const { requested, retainedFloorSequence: floor, last } = result;
    row(
      name,
      `a gap: seen up to ${requested.sequence}, retained after ${floor}`,
    );
    cursor.reset(last);
  } else {
    for (const change of result.changes) row(name, changeInWords(change));
  }
  // Only now read the summaries again.
  const summaries = server.store.subjectSummaries({ context, visible })
    .toSorted((a, b) => compareKeys(a.subject, b.subject))
    .map(({ subject, activity }) => `${subject} ${activity}`);
  row("", `→ now sees ${summaries.join(", ") || "nobody"}`);
}
