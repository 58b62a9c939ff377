import type { FacetPatch, PresenceSnapshot } from "../../../core/mod.ts";
import type { DocumentModel } from "../document_model.ts";
import type { DocumentActivity } from "./document_user.ts";

/** The facets that express an activity for every face. */
export const ACTIVITY_FACETS: Readonly<
  Record<DocumentActivity, FacetPatch<DocumentModel>>
> = {
  editing: { availability: "available", activity: "editing" },
  selecting: { availability: "available", activity: { custom: "selecting" } },
  viewing: { availability: "available", activity: "observing" },
  idle: { availability: "available", activity: "idle" },
  away: { availability: "away", activity: "idle" },
};

/** Of several sessions, the one with the highest rank counts. */
export const ACTIVITY_RANKS: Readonly<Record<DocumentActivity, number>> = {
  editing: 5,
  selecting: 4,
  viewing: 3,
  idle: 2,
  away: 1,
};

/** Returns the activity that facets express; without any it is viewing. */
export function activityIn(
  { facets: { availability, activity } }: PresenceSnapshot<DocumentModel>,
): DocumentActivity {
  if (availability === "away") return "away";
  if (activity === "editing" || activity === "idle") return activity;
  const isSelecting = typeof activity === "object" &&
    activity.custom === "selecting";
  return isSelecting ? "selecting" : "viewing";
}
