import type { Activity, FacetPatch } from "../../core/mod.ts";
import { DEFAULT_PROJECTION, type ProjectionPolicy } from "../../store/mod.ts";
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

/**
 * The ranks of activities in a document, to sum up its context by other means
 * than these: editing, selecting, viewing and whatever else, idle. That who is
 * away does less than who is idle, no rank of an activity can say.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   DOCUMENT_PROJECTION,
 *   type DocumentModel,
 *   DocumentPresence,
 * } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer<DocumentModel>();
 * using presence = new DocumentPresence(server);
 * const tab = await presence.join("ada", { documentId: "42", name: "Ada" });
 * await presence.join("ada", { documentId: "42", name: "Ada" });
 * const anchor = { line: 1, column: 0, offset: 80 };
 * const head = { line: 2, column: 0, offset: 160 };
 * tab.updateCursor(head, { anchor, head, isBackward: false });
 *
 * const options = { projection: DOCUMENT_PROJECTION };
 * const summary = server.store.subjectSummary("ada", "document:42", options);
 * assertEquals(summary?.activity, { custom: "selecting" });
 * ```
 */
export const DOCUMENT_PROJECTION: ProjectionPolicy = {
  ...DEFAULT_PROJECTION,
  activityRank: (activity) => RANKS[wordOf(activity)],
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
