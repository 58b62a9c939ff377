import {
  compareKeys,
  type PresenceSnapshot,
  type Timestamp,
} from "../../../core/mod.ts";
import { hueIn } from "./color.ts";
import type { DocumentModel } from "../document_model.ts";
import { fits, hueApart, hueOf } from "./hue.ts";
import { byPerson, colorIn, connectedAtOf, firstOf } from "./person.ts";

type Session = PresenceSnapshot<DocumentModel>;

/** The hue of a person in a document, by their first session. */
export interface PersonHue {
  /** Who. */
  readonly userId: string;
  /** Their hue. */
  readonly hue: number;
  /** When they came, by the clock of their server. */
  readonly since: Timestamp;
  /** The session that says so: which visit it is; none of another face. */
  readonly visit: string | undefined;
}

/**
 * Tells which hues the people in a document have, in the order in which they
 * came. O(n log n).
 *
 * @param sessions Their sessions.
 */
export function huesIn(sessions: readonly Session[]): PersonHue[] {
  return byPerson(sessions)
    .map(firstOf)
    .filter((session) => session !== undefined)
    .map((session) => ({
      userId: session.subject,
      hue: hueIn(colorIn(session)) ?? hueOf(session.subject),
      since: connectedAtOf(session),
      // A connection of topics has a visit as well, but no such time.
      visit: session.facets.connectedAt === undefined
        ? undefined
        : session.facets.visit,
    }))
    .sort(byComing);
}

/** The order in which people came; it is the same at every server. */
function byComing(a: PersonHue, b: PersonHue): number {
  return a.since - b.since || compareKeys(a.userId, b.userId);
}

/**
 * Computes the hue of a person where several servers have let people in at the
 * same moment and none knew of the others. The first person keeps their hue; each
 * later one moves away from those before. The result depends only on people who
 * came earlier, so all servers compute the same. O(n² log n) for n people.
 *
 * @param userId The person.
 * @param people All people in the document, in the order in which they came.
 */
export function settledHue(
  userId: string,
  people: readonly PersonHue[],
): number {
  const taken: number[] = [];
  for (const person of people) {
    // Nobody here changes what came by another face.
    const hue = person.visit === undefined || fits(person.hue, taken)
      ? person.hue
      : hueApart(hueOf(person.userId), taken);
    if (person.userId === userId) return hue;
    taken.push(hue);
  }
  return hueOf(userId);
}
