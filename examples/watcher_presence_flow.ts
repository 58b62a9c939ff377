/**
 * Two viewers with different rights poll the same server: what each of them
 * is told, what turns hidden, and what to do about a gap.
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

/** Whatever is restricted in our documents is so to their members. */
interface DocumentModel extends PresenceModel {
  label: "doc-members";
}

/** Somebody who looks: what they may see, and what they know already. */
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
note("Visibility is a label. It is the viewer's rights that hide anything.");

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
note("The status tells so, and nobody reads or draws anything.");
look(guest);
look(member);

scene("Something happens that only members see");
now = 110;
server.receive(bob.updateAt(now, { activity: "presenting" }));
look(guest);
look(member);

scene("An entry turns hidden for one of them");
note("From here on, Alice is for members. The guest learns that she is out of");
note("sight, and not what she does.");
now = 120;
server.receive({
  ...alice.updateAt(now, { activity: "presenting" }),
  visibility: members,
});
look(guest);
look(member);

scene("And visible again");
note("To the guest it is a new entry, and it comes whole.");
now = 130;
server.receive(alice.updateAt(now, { availability: "busy" }));
look(guest);
look(member);

scene("An entry expires");
note("Bob was for members, so only they are told that he is gone.");
now = 140;
server.expire();
look(guest);
look(member);

scene("Compaction, the gap, and the rebuild");
note(
  "The member looks before the server forgets its changes, the guest after.",
);
now = 150;
server.receive(alice.updateAt(now, { activity: "idle" }));
look(member);
row("forgotten", `${server.compact(server.lastSequence)} changes`);
look(guest);

scene("After the rebuild all is as before");
now = 160;
server.receive(alice.updateAt(now, { activity: "editing" }));
look(guest);
look(member);

/** What a watcher does every now and then. */
function look({ name, viewer, cursor }: Watcher): void {
  const visible = viewerPolicy(viewer);
  // Is there anything new, for these eyes?
  if (cursor.status(server, { visible }) === "up-to-date") {
    row(name, "nothing new");
    return;
  }
  // What is it? A gap is an ordinary answer: read all, and go on from now.
  const result = cursor.poll(server, { visible });
  if (result.type === "gap") {
    const { requested, retainedFloorSequence: floor, last } = result;
    row(
      name,
      `a gap: knows all up to ${requested.sequence}, kept is all after ${floor}`,
    );
    cursor.reset(last);
  } else {
    for (const change of result.changes) row(name, changeInWords(change));
  }
  // Only now are the summaries worth reading again.
  const summaries = server.store.subjectSummaries({ context, visible })
    .toSorted((a, b) => compareKeys(a.subject, b.subject))
    .map(({ subject, activity }) => `${subject} ${activity}`);
  row("", `→ now sees ${summaries.join(", ") || "nobody"}`);
}
