import type { Activity, FacetPatch } from "../../core/mod.ts";
import type { DocumentModel } from "./document_model.ts";
import type { DocumentActivity } from "./document_user.ts";

/** What an activity is in the words that every face shares. */
const FACETS = {
  editing: { availability: "available", activity: "editing" },
  selecting: { availability: "available", activity: { custom: "selecting" } },
  viewing: { availability: "available", activity: "observing" },
  idle: { availability: "available", activity: "idle" },
  away: { availability: "away", activity: "idle" },
} as const satisfies Record<DocumentActivity, FacetPatch<DocumentModel>>;

const RANKS: Readonly<Record<DocumentActivity, number>> = {
  editing: 5,
  selecting: 4,
  viewing: 3,
  idle: 2,
  away: 1,
};

/** How much an activity is: of several sessions that which does most counts. */
export function rankOf(activity: DocumentActivity): number {
  return RANKS[activity];
}

/** The facets by which an activity is told. */
export function facetsOfActivity(
  activity: DocumentActivity,
): FacetPatch<DocumentModel> {
  return FACETS[activity];
}

/** What an activity is called in a document; to have none is to view. */
export function wordOf(
  activity: Activity | undefined,
): Exclude<DocumentActivity, "away"> {
  if (activity === "editing" || activity === "idle") return activity;
  if (typeof activity === "object" && activity.custom === "selecting") {
    return "selecting";
  }
  return "viewing";
}
