import {
  compareEntryKeys,
  compareKeys,
  type PresenceSnapshot,
  type Timestamp,
} from "../../../core/mod.ts";
import {
  groupBy,
  isJsonObject,
  isShortText,
  type JsonObject,
  MAX_NAME_LENGTH,
  MAX_URL_LENGTH,
} from "../../internal.ts";
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

type Session = PresenceSnapshot<DocumentModel>;

/**
 * A URL of `http` or `https`, or one without a scheme: the text before the
 * first `:` is not a scheme if it contains `/`, `?` or `#`.
 */
const SAFE_URL = /^(?:https?:\/\/|[^:]*(?:[/?#]|$))/i;

/**
 * Sums up a person from their sessions in a document. Anyone can publish facets
 * by another face: malformed ones count as absent, unknown fields are left out,
 * and a future time counts as now. The order of the sessions makes no
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
    // A tab that was just opened must not take the cursor away.
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
  const { name, avatar_url: avatarUrl } = profileFieldsOf(first);
  const workspaceId: unknown = first.facets.workspace;
  return {
    userId,
    documentId: documentIdOf(first.context) ?? first.context,
    workspaceId: typeof workspaceId === "string" ? workspaceId : null,
    name: isName(name) ? name : userId,
    avatarUrl: isAvatarUrl(avatarUrl) ? avatarUrl : null,
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
  return [...groupBy(sessions, ({ subject }) => subject).values()]
    .map((own) => personOf(own, now))
    .filter((user) => user !== undefined)
    .sort(byUserId);
}

/** Reports whether a value can be a name. */
export function isName(value: unknown): value is string {
  return isShortText(value, MAX_NAME_LENGTH);
}

/**
 * Reports whether a value can be the URL of a picture. A page may make a link
 * of it, so it must not be a script. It must not contain the picture either,
 * which everyone would receive.
 */
export function isAvatarUrl(value: unknown): value is string {
  return isShortText(value, MAX_URL_LENGTH) && SAFE_URL.test(value);
}

/** Returns the session that began first: it defines its person. */
export function firstOf(sessions: readonly Session[]): Session | undefined {
  return sessions.reduce<Session | undefined>((first, session) => {
    if (first === undefined) return session;
    const age = connectedAtOf(session) - connectedAtOf(first) ||
      compareEntryKeys(session, first);
    return age < 0 ? session : first;
  }, undefined);
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

/** Returns the time of the last activity in a session; not after now. */
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

/** Reports whether a session counts more: it does more, or was active later. */
function dominates(a: Session, b: Session | undefined): boolean {
  if (b === undefined) return true;
  if (a === b) return false;
  const order = rankOf(a) - rankOf(b) ||
    activeAtOf(a) - activeAtOf(b) || compareEntryKeys(b, a);
  return order > 0;
}

function profileFieldsOf({ facets }: Session): JsonObject {
  const meta: unknown = facets.meta;
  const value = isJsonObject(meta) ? meta.value : undefined;
  return isJsonObject(value) ? value : {};
}

function isTime(value: unknown): value is Timestamp {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
