/**
 * Two viewers with different rights follow the same store: what each of them
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
  PresenceStore,
  restricted,
  sameVisibility,
  type VisibilityPolicy,
  type WatcherCursor,
} from "@ruthere/presence";
import { note, row, scene, title } from "./_console.ts";
import { changeInWords } from "./_words.ts";

/** Whatever is restricted in our documents is so to their members. */
interface DocumentModel extends PresenceModel {
  label: "doc-members";
}

/** Somebody who looks: what they may see, and what they know already. */
interface Viewer {
  name: string;
  visible: VisibilityPolicy<DocumentModel["label"]>;
  cursor: WatcherCursor;
}

const context = "doc-42";
const members = restricted("doc-members");
const store = new PresenceStore<DocumentModel>();

const guest: Viewer = {
  name: "guest",
  visible: (visibility) => visibility === "public",
  cursor: store.watcherCursor("tail"),
};
const member: Viewer = {
  name: "member",
  visible: (visibility) =>
    visibility === "public" || sameVisibility(visibility, members),
  cursor: store.watcherCursor("tail"),
};

title(
  "Watcher presence flow",
  `A guest and a member watch ${context}. The member may see more.`,
);

scene("Two arrivals, one of them for members only");
note("Visibility is a label. It is the viewer's policy that hides anything.");

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
store.publish(alice.updateAt(100, { activity: "editing" }));
store.publish(bob.updateAt(101, { activity: "observing" }));
look(guest);
look(member);

scene("Nothing happens");
note("The status tells so, and nobody reads or draws anything.");
look(guest);
look(member);

scene("Something happens that only members see");
store.publish(bob.updateAt(110, { activity: "presenting" }));
look(guest);
look(member);

scene("An entry turns hidden for one of them");
note("From here on, Alice is for members. The guest learns that she is out of");
note("sight, and not what she does.");
store.publish({
  ...alice.updateAt(120, { activity: "presenting" }),
  visibility: members,
});
look(guest);
look(member);

scene("And visible again");
note("To the guest it is a new entry, and it comes whole.");
store.publish(alice.updateAt(130, { availability: "busy" }));
look(guest);
look(member);

scene("An entry expires");
note("Bob was for members, so only they are told that he is gone.");
store.expire(140);
look(guest);
look(member);

scene("Compaction, the gap, and the rebuild");
note("The member looks before the store forgets its changes, the guest after.");
store.publish(alice.updateAt(150, { activity: "idle" }));
look(member);
row("forgotten", `${store.compact(store.lastSequence)} changes`);
look(guest);

scene("After the rebuild all is as before");
store.publish(alice.updateAt(160, { activity: "editing" }));
look(guest);
look(member);

/** What a viewer does every now and then. */
function look({ name, visible, cursor }: Viewer): void {
  // Is there anything new, for these eyes?
  if (cursor.status(store, { visible }) === "up-to-date") {
    row(name, "nothing new");
    return;
  }
  // What is it? A gap is an ordinary answer: read all, and go on from now.
  const result = cursor.poll(store, { visible });
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
  const summaries = store.subjectSummaries({ context, visible })
    .toSorted((a, b) => compareKeys(a.subject, b.subject))
    .map(({ subject, activity }) => `${subject} ${activity}`);
  row("", `→ now sees ${summaries.join(", ") || "nobody"}`);
}
