// @ts-check

/** @typedef {import("./people_list.js").Person} Person */

/**
 * How long to wait for others to return after a lost connection. Their clients
 * wait as long at most before they try again.
 */
export const PATIENCE_MS = 30_000;

/** How many departures to remember. */
export const MOST_DEPARTED = 6;

/**
 * Who is here, and who has joined and left since the page was opened. Times are in
 * milliseconds.
 *
 * After a restart, the service knows nobody, and people return one by one. The
 * people who were here before are held for a while, so nobody is reported to leave
 * and join.
 *
 * @template {Person} P
 */
export class Attendance {
  /** @type {readonly P[] | undefined} All to show; `undefined` until it is known. */
  people;
  /** @type {readonly { person: P, at: number }[]} The last departure first. */
  departed = [];
  #isLive = false;
  #patientUntil = -Infinity;

  /**
   * Updates who is here.
   *
   * @param {readonly P[]} here all who are here now, as far as it is known
   * @param {boolean} isLive whether there is a connection
   * @param {number} now
   * @returns {{ joined: readonly P[], left: readonly P[] }} The others among them.
   */
  update(here, isLive, now) {
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

/**
 * Returns the people who are not among some others.
 *
 * @template {Person} P
 * @param {readonly P[]} people
 * @param {readonly P[]} others
 */
function without(people, others) {
  const ids = new Set(others.map(({ id }) => id));
  return people.filter(({ id }) => !ids.has(id));
}
