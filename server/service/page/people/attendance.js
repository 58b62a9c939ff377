// @ts-check

/** @typedef {import("./person.js").Person} Person */

/** How long others may take to come back with a connection that was lost. */
export const PATIENCE_MS = 8_000;

/** How many of those who left are remembered. */
export const MOST_DEPARTED = 6;

/**
 * Who came and who went, as this page has seen it. Times are milliseconds.
 *
 * When the service was away, it knows nobody at first, and all come back one
 * after the other. Whoever was here before is held for a while then, so that
 * nobody is said to have left and joined.
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

  /** @param {string} self the key of the one who looks, who never joins */
  constructor(self) {
    this.#self = self;
  }

  /** @returns {boolean} Whether the service has said who is here. */
  get isKnown() {
    return this.#here !== undefined;
  }

  /** @returns {readonly Person[]} Those who are here. */
  get here() {
    return [...this.#here?.values() ?? []];
  }

  /** @returns {readonly Person[]} Those who are expected to come back. */
  get held() {
    return [...this.#held.values()];
  }

  /** @returns {readonly { person: Person, at: number }[]} The last comes first. */
  get departed() {
    return [...this.#departed.values()].reverse();
  }

  /**
   * The connection is back: others may take a while.
   *
   * @param {number} now
   */
  comeBack(now) {
    this.#patientUntil = now + PATIENCE_MS;
  }

  /**
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
   * Lets go of those who have not come back in time.
   *
   * @param {number} now
   * @returns {readonly Person[]} Who has left.
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
