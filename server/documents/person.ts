import {
  compareEntryKeys,
  compareKeys,
  type PresenceSnapshot,
  type Timestamp,
} from "../../core/mod.ts";
import { rankOf, wordOf } from "./activity.ts";
import { colorOf, hueIn } from "./color.ts";
import { documentIdOf } from "./contexts.ts";
import type { DocumentModel } from "./document_model.ts";
import type { DocumentActivity, DocumentUser } from "./document_user.ts";
import {
  copyOfCursor,
  copyOfSelection,
  copyOfViewport,
  isCursor,
  isSelection,
  isViewport,
} from "./positions.ts";
import { isAvatarUrl, isName } from "./profile.ts";

type Session = PresenceSnapshot<DocumentModel>;

/**
 * Sums up a person from their sessions in a document. Facets that have not the
 * right form, as anyone can publish them by another face, are as if they were
 * not there; what more is in them is left out, and what is to come is now. The
 * order of the sessions makes no difference. O(sessions).
 *
 * @param sessions The sessions, all of one person.
 * @param now When that is.
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
  let scrolling: Session | undefined;
  let online = false;
  let typing = false;
  let focused = false;
  let lastActiveAt = -Infinity;
  let lastCursorUpdate: Timestamp | null = null;
  for (const session of sessions) {
    const { facets } = session;
    dominant = theMoreDominant(session, dominant);
    // A tab that has just been opened must not take the cursor away.
    if (isCursor(facets.cursor)) moving = theMoreDominant(session, moving);
    if (isViewport(facets.viewport)) {
      scrolling = theMoreDominant(session, scrolling);
    }
    online ||= facets.availability !== "offline";
    typing ||= facets.typing === true;
    focused ||= facets.focused === true;
    lastActiveAt = Math.max(lastActiveAt, lastActiveAtOf(session, now));
    if (isTime(facets.lastCursorUpdate)) {
      lastCursorUpdate = Math.max(
        lastCursorUpdate ?? -Infinity,
        Math.min(facets.lastCursorUpdate, now),
      );
    }
  }
  const { subject: userId } = first;
  const workspaceId: unknown = first.facets.workspace;
  const { cursor, selection } = moving?.facets ?? {};
  const viewport = scrolling?.facets.viewport;
  return {
    userId,
    documentId: documentIdOf(first.context) ?? first.context,
    workspaceId: typeof workspaceId === "string" ? workspaceId : null,
    ...profileOf(first),
    color: colorIn(first) ?? colorOf(userId),
    online,
    typing,
    focused,
    activity: activityOf(dominant),
    viewport: viewport === undefined ? null : copyOfViewport(viewport),
    cursor: cursor === undefined ? null : copyOfCursor(cursor),
    selection: isSelection(selection) ? copyOfSelection(selection) : null,
    connectedAt: Math.min(connectedAtOf(first), now),
    lastActiveAt,
    lastCursorUpdate,
    sessions: sessions.length,
  };
}

/**
 * Sums up all who are in a document, in the order of their ids. O(n log n).
 *
 * @param sessions The sessions, in any order.
 * @param now When that is.
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

/** The sessions of each person. It does without `Map.groupBy()` of Node 21. */
export function byPerson(sessions: readonly Session[]): Session[][] {
  const people = new Map<string, Session[]>();
  for (const session of sessions) {
    const own = people.get(session.subject);
    if (own === undefined) people.set(session.subject, [session]);
    else own.push(session);
  }
  return [...people.values()];
}

/** The session that began first: what it says of its person, they are. */
export function firstOf(sessions: readonly Session[]): Session | undefined {
  let [first] = sessions;
  for (const session of sessions) {
    if (first !== undefined && compareAge(session, first) < 0) first = session;
  }
  return first;
}

/** The colour that a session gives its person, if it is one. */
export function colorIn(session: Session): string | undefined {
  const { color } = profileFieldsOf(session);
  return hueIn(color) === undefined ? undefined : String(color);
}

/** The order of people. */
export function byUserId(a: DocumentUser, b: DocumentUser): number {
  return compareKeys(a.userId, b.userId);
}

/** When somebody last did something in a session; not after now. */
export function lastActiveAtOf(session: Session, now: Timestamp): Timestamp {
  return Math.min(activeAtOf(session), now);
}

function activeAtOf({ facets, observedAt }: Session): Timestamp {
  return isTime(facets.lastActiveAt) ? facets.lastActiveAt : observedAt;
}

/** When a session began, by the clock of its server. */
export function connectedAtOf({ facets, observedAt }: Session): Timestamp {
  return isTime(facets.connectedAt) ? facets.connectedAt : observedAt;
}

function activityOf({ facets }: Session): DocumentActivity {
  return facets.availability === "away" ? "away" : wordOf(facets.activity);
}

function compareAge(a: Session, b: Session): number {
  return connectedAtOf(a) - connectedAtOf(b) || compareEntryKeys(a, b);
}

function theMoreDominant(a: Session, b: Session | undefined): Session {
  return b === undefined || a === b || compareDominance(a, b) > 0 ? a : b;
}

function compareDominance(a: Session, b: Session): number {
  return rankOf(activityOf(a)) - rankOf(activityOf(b)) ||
    activeAtOf(a) - activeAtOf(b) || compareEntryKeys(b, a);
}

/** What somebody is called, by their first session: it stays so. */
function profileOf(
  session: Session,
): Pick<DocumentUser, "name" | "avatarUrl"> {
  const { name, avatar_url: avatarUrl } = profileFieldsOf(session);
  return {
    name: isName(name) ? name : session.subject,
    avatarUrl: isAvatarUrl(avatarUrl) ? avatarUrl : null,
  };
}

function profileFieldsOf(
  { facets }: Session,
): { readonly [name: string]: unknown } {
  const meta: unknown = facets.meta;
  const value = isRecord(meta) ? meta.value : undefined;
  return isRecord(value) ? value : {};
}

function isTime(value: unknown): value is Timestamp {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isRecord(
  value: unknown,
): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null;
}
