import type { Person } from "./people_list.ts";

/**
 * How long to wait for others to return after a lost connection. Their clients
 * wait as long at most before they try again.
 */
export const PATIENCE_MS = 30_000;

/** How many departures to remember. */
export const MOST_DEPARTED = 6;

/** Somebody who has left, and when, in milliseconds. */
export interface Departure<P extends Person> {
  readonly person: P;
  readonly at: number;
}

/**
 * Who is here, and who has joined and left since the page was opened.
 *
 * After a restart, the service knows nobody, and people return one by one. The
 * people who were here before are held for a while, so nobody is reported to leave
 * and join.
 */
export class Attendance<P extends Person> {
  /** All to show; `undefined` until it is known. */
  people: readonly P[] | undefined;
  /** The last departure first. */
  departed: readonly Departure<P>[] = [];
  #isLive = false;
  #patientUntil = -Infinity;

  /** Updates who is here, as far as it is known. Returns who has joined or left. */
  update(here: readonly P[], isLive: boolean, now: number) {
    const returns = isLive && !this.#isLive && this.people !== undefined;
    if (returns) this.#patientUntil = now + PATIENCE_MS;
    this.#isLive = isLive;
    const former = this.people ?? here;
    const missing = without(former, here).filter(({ you }) => !you);
    const isPatient = !isLive || now < this.#patientUntil;
    const held = isPatient ? missing : [];
    const left = isPatient ? [] : missing;
    this.people = [
      ...here,
      ...held.map((person) => ({ ...person, held: true })),
    ];
    const departed = left.map((person) => ({ person, at: now })).reverse();
    const gone = [...departed, ...this.departed]
      .filter(({ person }) => without([person], here).length > 0);
    this.departed = gone.slice(0, MOST_DEPARTED);
    return { joined: without(here, former).filter(({ you }) => !you), left };
  }
}

/** Returns the people who are not among some others. */
function without<P extends Person>(people: readonly P[], others: readonly P[]) {
  const ids = new Set(others.map(({ id }) => id));
  return people.filter(({ id }) => !ids.has(id));
}
