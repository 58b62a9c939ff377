/**
 * A laptop, a tracker and a shipment of one traveller: three origins, facets of
 * the application, and two views of all three.
 *
 * ```sh
 * deno run examples/associated_resource_flow.ts
 * ```
 *
 * @module
 */

import {
  compareEntryKeys,
  PresenceBeacon,
  type PresenceModel,
  PresenceStore,
  restricted,
  sameVisibility,
  type Sequence,
  type VisibilityPolicy,
} from "@ruthere/presence";
import { note, row, scene, title } from "./_console.ts";
import { activityInWords, changeInWords, facetsInWords } from "./_words.ts";

/** Our types. Any other resource, label or facet does not compile. */
interface TravelModel extends PresenceModel {
  resource: "laptop" | "tracker" | "shipment";
  label: "travel-party";
  facets: {
    /** What the resource is to the traveller. */
    relationship: "owned" | "associated" | "external";
    /** Where it is. */
    location: string;
  };
}

const subject = "ines";
const context = "trip-to-lisbon";
const party = restricted("travel-party");
const store = new PresenceStore<TravelModel>();

/** The rights of the public, and of the travel party. */
type View = VisibilityPolicy<TravelModel["label"]>;
const publicView: View = (visibility) => visibility === "public";
const partyView: View = (visibility) =>
  visibility === "public" || sameVisibility(visibility, party);

title(
  "Associated resource flow",
  "Ines travels to Lisbon, and so do her laptop, her bag and a parcel.",
);

scene("Three resources, published by three origins");
note("The application has facets of its own, with types.");

const laptop = new PresenceBeacon<TravelModel>({
  subject,
  context,
  resource: "laptop",
  origin: "session/laptop",
  expiry: { after: 60 },
});
const tracker = new PresenceBeacon<TravelModel>({
  subject,
  context,
  resource: "tracker",
  origin: "tag-network",
  visibility: party,
});
const shipment = new PresenceBeacon<TravelModel>({
  subject,
  context,
  resource: "shipment",
  origin: "courier",
  visibility: party,
});

store.publishAll([
  laptop.heartbeatAt(200, { activity: "idle", relationship: "owned" }),
  tracker.updateAt(205, {
    activity: "navigating",
    relationship: "associated",
    location: "Madrid",
  }),
  shipment.updateAt(210, {
    activity: { custom: "in customs" },
    relationship: "external",
    location: "Porto",
  }),
]);
for (const each of store.snapshots({ context }).toSorted(compareEntryKeys)) {
  row(`${each.resource}`, `published by ${each.origin}`);
  row("", facetsInWords(each.facets));
}

scene("Two views of one traveller");
note("Each summary covers the visible entries only, so they differ.");
showSummary("public", publicView);
showSummary("travel party", partyView);

scene("The bag arrives");
note("Changes are filtered like reads. The public does not see the bag.");
const landing = store.lastSequence;
store.publish(tracker.updateAt(220, { location: "Lisbon" }));
showChanges("public", publicView, landing);
showChanges("travel party", partyView, landing);

scene("A second origin publishes the same tracker");
note("Ines scans its tag. Neither origin overwrites the entry of the other.");
store.publish({
  ...tracker.updateAt(225, { location: "Lisbon, belt 4" }),
  origin: "session/phone",
});
const address = { subject, context, resource: "tracker" } as const;
for (const each of store.snapshots({ address }).toSorted(compareEntryKeys)) {
  row(`${each.origin}`, facetsInWords(each.facets));
}

scene("An origin ends");
note("The network withdraws all its entries.");
const ending = store.lastSequence;
row("removed", `${store.withdrawOrigin("tag-network")}`);
showChanges("travel party", partyView, ending);

scene("The laptop is closed");
note(
  "For the public Ines is gone. The travel party still sees bag and parcel.",
);
store.expire(260);
showSummary("public", publicView);
showSummary("travel party", partyView);

function showSummary(name: string, visible: View): void {
  const summary = store.subjectSummary(subject, context, { visible });
  if (summary === undefined) return row(name, "sees nothing of her");
  const { activity, dominant, snapshots } = summary;
  const doing = activity ? activityInWords(activity) : "present";
  row(name, `${doing} (${dominant.resource})`);
  for (const { resource, facets } of snapshots) {
    // A string: facets keep their types, and any of them may be unset.
    const { location = "does not say where" } = facets;
    row("", `${resource}: ${location}`);
  }
}

function showChanges(name: string, visible: View, since: Sequence): void {
  const result = store.changesSince(since, { visible });
  if (result.type === "gap") return; // See watcher_presence_flow.ts.
  if (result.changes.length === 0) row(name, "nothing new");
  for (const change of result.changes) row(name, changeInWords(change));
}
