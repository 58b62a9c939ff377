// @ts-check

/** @typedef {import("./person.js").Person} Person */

/** How long to wait for others to return after a lost connection. */
export const PATIENCE_MS = 8_000;

/** How many departures to remember. */
export const MOST_DEPARTED = 6;

/**
 * Who is here, and who has joined and left since the page was opened. Times are in
 * milliseconds.
 *
 * After a restart, the service knows nobody, and people return one by one. The
 * people who were here before are held for a while, so nobody is reported to leave
 * and join.
 */
export class Attendance {
  #self;
  /**
   * The people who are here; `undefined` until the service has sent them.
   *
   * @type {readonly Person[] | undefined}
   */
  here;
  /** @type {readonly Person[]} The people who are expected to return. */
  held = [];
  /** @type {readonly { person: Person, at: number }[]} The last departure first. */
  departed = [];
  #patientUntil = -Infinity;

  /** @param {string} self the key of the one who looks: they never join */
  constructor(self) {
    this.#self = self;
  }

  /**
   * Starts to wait for the others after a lost connection.
   *
   * @param {number} now
   */
  waitForOthers(now) {
    this.#patientUntil = now + PATIENCE_MS;
  }

  /**
   * Updates who is here.
   *
   * @param {readonly Person[]} people all who are here now
   * @param {number} now
   * @returns {{ joined: readonly Person[], left: readonly Person[] }}
   */
  update(people, now) {
    const before = [...this.held, ...this.here ?? []];
    const joined = this.here === undefined
      ? []
      : without(before, people).filter(({ key }) => key !== this.#self);
    this.here = people;
    this.held = without(people, before);
    const back = new Set(people.map(({ key }) => key));
    this.departed = this.departed.filter(({ person }) => !back.has(person.key));
    return { joined, left: this.settle(now) };
  }

  /**
   * Removes the people who have not returned in time.
   *
   * @param {number} now
   * @returns {readonly Person[]} The people who have left.
   */
  settle(now) {
    if (now < this.#patientUntil) return [];
    const left = this.held.filter(({ key }) => key !== this.#self);
    this.held = [];
    this.departed = [
      ...left.map((person) => ({ person, at: now })).reverse(),
      ...this.departed,
    ].slice(0, MOST_DEPARTED);
    return left;
  }
}

/**
 * Returns the people who are not among some others.
 *
 * @param {readonly Person[]} others
 * @param {readonly Person[]} people
 */
function without(others, people) {
  const keys = new Set(others.map(({ key }) => key));
  return people.filter(({ key }) => !keys.has(key));
}
