import {
  compareEntryKeys,
  compareKeys,
  type PresenceSnapshot,
  type Timestamp,
} from "../../../core/mod.ts";
import { isJsonObject, type JsonObject } from "../../internal.ts";
import { ACTIVITY_RANKS, activityIn } from "./activity.ts";
import { colorOf, hueIn } from "./color.ts";
import { documentIdOf } from "../contexts.ts";
import type { DocumentModel } from "../document_model.ts";
import type { DocumentUser } from "./document_user.ts";
import {
  type Cursor,
  cursorIn,
  selectionIn,
  type Viewport,
  viewportIn,
} from "./positions.ts";
import { isAvatarUrl, isName } from "./profile.ts";

type Session = PresenceSnapshot<DocumentModel>;

/**
 * Sums up a person from their sessions in a document. Anyone can publish facets
 * by another face: malformed ones count as absent, unknown fields are left out,
 * and a time to come counts as now. The order of the sessions makes no
 * difference. O(sessions).
 *
 * @param sessions The sessions, all of one person.
 * @param now The current time.
 * @returns The person; `undefined` without any sessions.
 */
export function personOf(
  sessions: readonly Session[],
  now: Timestamp,
): DocumentUser | undefined {
  const first = firstOf(sessions);
  if (first === undefined) return undefined;
  let dominant = first;
  let moving: Session | undefined;
  let cursor: Cursor | null = null;
  let scrolling: Session | undefined;
  let viewport: Viewport | null = null;
  let online = false;
  let typing = false;
  let focused = false;
  let lastActiveAt = -Infinity;
  let lastCursorUpdate = -Infinity;
  for (const session of sessions) {
    const { facets } = session;
    if (dominates(session, dominant)) dominant = session;
    // A tab that has just been opened must not take the cursor away.
    const place = cursorIn(facets.cursor);
    if (place !== undefined && dominates(session, moving)) {
      moving = session;
      cursor = place;
    }
    const screen = viewportIn(facets.viewport);
    if (screen !== undefined && dominates(session, scrolling)) {
      scrolling = session;
      viewport = screen;
    }
    online ||= facets.availability !== "offline";
    typing ||= facets.typing === true;
    focused ||= facets.focused === true;
    lastActiveAt = Math.max(lastActiveAt, activeAtOf(session));
    if (isTime(facets.lastCursorUpdate)) {
      lastCursorUpdate = Math.max(lastCursorUpdate, facets.lastCursorUpdate);
    }
  }
  const { subject: userId } = first;
  const workspaceId: unknown = first.facets.workspace;
  return {
    userId,
    documentId: documentIdOf(first.context) ?? first.context,
    workspaceId: typeof workspaceId === "string" ? workspaceId : null,
    ...profileOf(first),
    color: colorIn(first) ?? colorOf(userId),
    online,
    typing,
    focused,
    activity: activityIn(dominant),
    viewport,
    cursor,
    selection: selectionIn(moving?.facets.selection) ?? null,
    connectedAt: Math.min(connectedAtOf(first), now),
    lastActiveAt: Math.min(lastActiveAt, now),
    lastCursorUpdate: lastCursorUpdate === -Infinity
      ? null
      : Math.min(lastCursorUpdate, now),
    sessions: sessions.length,
  };
}

/**
 * Sums up everyone in a document, in the order of their ids. O(n log n).
 *
 * @param sessions The sessions, in any order.
 * @param now The current time.
 */
export function peopleOf(
  sessions: readonly Session[],
  now: Timestamp,
): DocumentUser[] {
  return byPerson(sessions)
    .map((own) => personOf(own, now))
    .filter((user) => user !== undefined)
    .sort(byUserId);
}

/** Groups sessions by person. `Map.groupBy()` would need Node 21. */
export function byPerson(sessions: readonly Session[]): Session[][] {
  const people = new Map<string, Session[]>();
  for (const session of sessions) {
    const own = people.get(session.subject);
    if (own === undefined) people.set(session.subject, [session]);
    else own.push(session);
  }
  return [...people.values()];
}

/** Returns the session that began first: it defines its person. */
export function firstOf(sessions: readonly Session[]): Session | undefined {
  let [first] = sessions;
  for (const session of sessions) {
    if (first !== undefined && compareAge(session, first) < 0) first = session;
  }
  return first;
}

/** Returns the colour that a session gives its person, if it is one. */
export function colorIn(session: Session): string | undefined {
  const { color } = profileFieldsOf(session);
  return hueIn(color) === undefined ? undefined : String(color);
}

/** Orders people. */
export function byUserId(a: DocumentUser, b: DocumentUser): number {
  return compareKeys(a.userId, b.userId);
}

/** Returns when somebody was last active in a session; not after now. */
export function lastActiveAtOf(session: Session, now: Timestamp): Timestamp {
  return Math.min(activeAtOf(session), now);
}

/** Returns when a session began, by the clock of its server. */
export function connectedAtOf({ facets, observedAt }: Session): Timestamp {
  return isTime(facets.connectedAt) ? facets.connectedAt : observedAt;
}

function activeAtOf({ facets, observedAt }: Session): Timestamp {
  return isTime(facets.lastActiveAt) ? facets.lastActiveAt : observedAt;
}

function rankOf(session: Session): number {
  return ACTIVITY_RANKS[activityIn(session)];
}

function compareAge(a: Session, b: Session): number {
  return connectedAtOf(a) - connectedAtOf(b) || compareEntryKeys(a, b);
}

/** Whether a session counts more: it does more, or was active later. */
function dominates(a: Session, b: Session | undefined): boolean {
  if (b === undefined) return true;
  if (a === b) return false;
  const order = rankOf(a) - rankOf(b) ||
    activeAtOf(a) - activeAtOf(b) || compareEntryKeys(b, a);
  return order > 0;
}

/** Returns name and picture of a person, by their first session. */
function profileOf(
  session: Session,
): Pick<DocumentUser, "name" | "avatarUrl"> {
  const { name, avatar_url: avatarUrl } = profileFieldsOf(session);
  return {
    name: isName(name) ? name : session.subject,
    avatarUrl: isAvatarUrl(avatarUrl) ? avatarUrl : null,
  };
}

function profileFieldsOf({ facets }: Session): JsonObject {
  const meta: unknown = facets.meta;
  const value = isJsonObject(meta) ? meta.value : undefined;
  return isJsonObject(value) ? value : {};
}

function isTime(value: unknown): value is Timestamp {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
