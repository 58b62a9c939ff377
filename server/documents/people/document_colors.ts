import {
  compareKeys,
  type PresenceSnapshot,
  type Timestamp,
} from "../../../core/mod.ts";
import { groupBy } from "../../internal.ts";
import { hueIn } from "./color.ts";
import type { DocumentModel } from "../document_model.ts";
import { fits, hueApart, hueOf } from "./hue.ts";
import { colorIn, connectedAtOf, firstOf } from "./person.ts";

type Session = PresenceSnapshot<DocumentModel>;

/** The hue of a person in a document, by their first session. */
export interface PersonHue {
  /** The id of the person. */
  readonly userId: string;
  /** Their hue. */
  readonly hue: number;
  /** When they joined, by the clock of their server. */
  readonly since: Timestamp;
  /** The visit of that session; none for an entry of another face. */
  readonly visit: string | undefined;
}

/**
 * Returns the hues of the people in a document, in the order in which they
 * joined. O(n log n).
 *
 * @param sessions Their sessions.
 */
export function huesIn(sessions: readonly Session[]): PersonHue[] {
  return [...groupBy(sessions, ({ subject }) => subject).values()]
    .map(firstOf)
    .filter((session) => session !== undefined)
    .map((session) => ({
      userId: session.subject,
      hue: hueIn(colorIn(session)) ?? hueOf(session.subject),
      since: connectedAtOf(session),
      // A connection of topics has a visit too, but no such time.
      visit: session.facets.connectedAt === undefined
        ? undefined
        : session.facets.visit,
    }))
    // As they joined, the same on every server.
    .sort((a, b) => a.since - b.since || compareKeys(a.userId, b.userId));
}

/**
 * Computes the hue of a person after several servers have added people at the
 * same moment without knowing of each other. The first person keeps their hue;
 * each later one moves away from those before. The result depends only on
 * people who joined earlier, so all servers compute the same. O(n² log n) for n
 * people.
 *
 * @param userId The person.
 * @param people All people in the document, in the order in which they joined.
 */
export function settledHue(
  userId: string,
  people: readonly PersonHue[],
): number {
  const taken: number[] = [];
  for (const person of people) {
    // No server changes the colour of an entry of another face.
    const hue = person.visit === undefined || fits(person.hue, taken)
      ? person.hue
      : hueApart(hueOf(person.userId), taken);
    if (person.userId === userId) return hue;
    taken.push(hue);
  }
  return hueOf(userId);
}
