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
 * After a restart, the service knows nobody at first, and all people return one by
 * one. Those who were here before are held for a while, so that nobody is reported
 * to have left and joined.
 */
export class Attendance {
  #self;
  /** @type {ReadonlyMap<string, Person> | undefined} */
  #here;
  /** @type {Map<string, Person>} */
  #held = new Map();
  /** @type {Map<string, { person: Person, at: number }>} */
  #departed = new Map();
  #patientUntil = -Infinity;

  /** @param {string} self the key of the one who looks: they never join */
  constructor(self) {
    this.#self = self;
  }

  /** @returns {boolean} Whether the service has sent who is here. */
  get isKnown() {
    return this.#here !== undefined;
  }

  /** @returns {readonly Person[]} The people who are here. */
  get here() {
    return [...this.#here?.values() ?? []];
  }

  /** @returns {readonly Person[]} The people who are expected to return. */
  get held() {
    return [...this.#held.values()];
  }

  /** @returns {readonly { person: Person, at: number }[]} The last departure first. */
  get departed() {
    return [...this.#departed.values()].reverse();
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
    const here = new Map(people.map((person) => [person.key, person]));
    const before = new Map([...this.#held, ...this.#here ?? []]);
    const joined = this.#here === undefined
      ? []
      : people.filter(({ key }) => !before.has(key) && key !== this.#self);
    this.#here = here;
    this.#held = new Map([...before].filter(([key]) => !here.has(key)));
    for (const { key } of people) this.#departed.delete(key);
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
    const left = [...this.#held.values()]
      .filter(({ key }) => key !== this.#self);
    this.#held.clear();
    for (const person of left) {
      this.#departed.set(person.key, { person, at: now });
    }
    for (const key of this.#departed.keys()) {
      if (this.#departed.size <= MOST_DEPARTED) break;
      this.#departed.delete(key);
    }
    return left;
  }
}
