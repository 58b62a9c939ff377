/**
 * A map from a key to one or more values. A single value is stored as it is; a
 * set is made for the second one. Most origins have one entry, and a set for
 * each of them would cost more than all the rest.
 *
 * The values must not be sets themselves.
 */
export class OneOrMany<K, V extends object> {
  /** The values of each key; public for the tests. */
  readonly values = new Map<K, V | Set<V>>();

  /** Adds a value that is not there yet. O(1). */
  add(key: K, value: V): void {
    const there = this.values.get(key);
    if (there === undefined) {
      this.values.set(key, value);
    } else if (there instanceof Set) {
      there.add(value);
    } else {
      this.values.set(key, new Set([there, value]));
    }
  }

  /** Removes a value. O(1). */
  delete(key: K, value: V): void {
    const there = this.values.get(key);
    if (there === value) {
      this.values.delete(key);
    } else if (there instanceof Set) {
      there.delete(value);
      if (there.size > 1) return;
      const [only] = there;
      if (only !== undefined) this.values.set(key, only);
    }
  }

  /** Returns the values of a key, in the order they were added. O(answer). */
  get(key: K): V[] {
    const there = this.values.get(key);
    if (there === undefined) return [];
    return there instanceof Set ? [...there] : [there];
  }
}
