import type { Person } from "./people_list.ts";

/** How many departures to remember. */
export const MOST_DEPARTED = 6;

/** Somebody who has left, and when, in milliseconds. */
export interface Departure<P extends Person> {
  readonly person: P;
  readonly at: number;
}

/** Who is here, and who has joined and left since the page was opened. */
export class Attendance<P extends Person> {
  /** Everybody; `undefined` until they are known. */
  people: readonly P[] | undefined;
  /** The last departure first. */
  departed: readonly Departure<P>[] = [];

  /** Updates who is here. Returns who else has joined or left. */
  update(here: readonly P[], now: number) {
    const former = this.people ?? here;
    this.people = here;
    const left = without(former, here);
    const departed = left.map((person) => ({ person, at: now })).reverse();
    this.departed = [...departed, ...this.departed]
      .filter(({ person }) => without([person], here).length > 0)
      .slice(0, MOST_DEPARTED);
    return { joined: without(here, former), left };
  }
}

/** Returns the people, except oneself, who are not among some others. */
function without<P extends Person>(people: readonly P[], others: readonly P[]) {
  const ids = new Set(others.map(({ id }) => id));
  return people.filter(({ id, you }) => !you && !ids.has(id));
}
