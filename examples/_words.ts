/** Formats the answers of the library, for the walk-throughs. */

import type {
  Activity,
  EntryKey,
  FacetPatch,
  PresenceModel,
  VisibleChange,
} from "@ruthere/presence";

/** Formats a key, as in "alice by phone". */
export function keyInWords({ subject, resource }: EntryKey): string {
  return resource === undefined ? `${subject}` : `${subject} by ${resource}`;
}

/** Formats facets, or a patch of them, as in "away, editing, seen at 105". */
export function facetsInWords(facets: FacetPatch<PresenceModel>): string {
  const { availability, activity, lastSeen, ...own } = facets;
  const words: string[] = [];
  if (availability) words.push(availability);
  if (activity) words.push(activityInWords(activity));
  if (typeof lastSeen === "number") words.push(`seen at ${lastSeen}`);
  for (const [name, value] of Object.entries(own)) {
    words.push(`${name} ${value}`);
  }
  return words.join(", ");
}

/** Formats an activity. */
export function activityInWords(activity: Activity): string {
  return typeof activity === "string" ? activity : `${activity.custom}`;
}

/** Formats a change in one line. */
export function changeInWords<M extends PresenceModel>(
  change: VisibleChange<M>,
): string {
  switch (change.type) {
    case "published": {
      const { snapshot, update, previous } = change;
      return previous === undefined
        ? `${keyInWords(snapshot)} appears: ${facetsInWords(snapshot.facets)}`
        : `${keyInWords(snapshot)} changes: ${facetsInWords(update.facets)}`;
    }
    case "facetsExpired":
      return `${keyInWords(change.snapshot)}: ${change.facets} is over`;
    case "expired":
      return `${keyInWords(change.previous)} has expired`;
    case "withdrawn":
      return `${keyInWords(change.previous)} has said goodbye`;
    case "hidden":
      return `${keyInWords(change.key)} is hidden from now on`;
  }
}
