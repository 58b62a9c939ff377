import type { EntryKey, PresenceModel } from "../core/mod.ts";
import { EntryTree, type Leaf } from "../store/mod.ts";

interface Item<M extends PresenceModel, V> extends Leaf {
  readonly snapshot: EntryKey<M>;
  value: V;
}

/** A map keyed by entries. */
export class EntryMap<M extends PresenceModel, V> {
  readonly #items = new EntryTree<Item<M, V>>();

  /** How many entries it holds. O(1). */
  get size(): number {
    return this.#items.size;
  }

  /** Reports whether an entry has a value. O(1). */
  has(key: EntryKey<M>): boolean {
    return this.#items.get(key) !== undefined;
  }

  /** Returns the value of an entry. O(1). */
  get(key: EntryKey<M>): V | undefined {
    return this.#items.get(key)?.value;
  }

  /** Sets the value of an entry, and keeps the key object. O(1). */
  set(key: EntryKey<M>, value: V): void {
    const item = this.#items.get(key);
    if (item === undefined) this.#items.add({ snapshot: key, value });
    else item.value = value;
  }

  /** Removes an entry and returns the value it had. O(1). */
  delete(key: EntryKey<M>): V | undefined {
    const item = this.#items.get(key);
    if (item !== undefined) this.#items.delete(item);
    return item?.value;
  }

  /** Lists the values of a subject's entries in a context. O(answer). */
  of(subject: M["subject"], context: M["context"]): V[] {
    return this.#items.of(subject, context).map(({ value }) => value);
  }

  /** Lists all values. O(answer). */
  values(): V[] {
    const values: V[] = [];
    this.#items.forEach(({ value }) => values.push(value));
    return values;
  }
}
