import type { EntryKey, Key, PresenceModel } from "../core/mod.ts";
import { EntryTree, type Leaf } from "../store/mod.ts";

interface Item<M extends PresenceModel, V> extends Leaf {
  readonly snapshot: EntryKey<M>;
  value: V;
}

/** A map keyed by entries. */
export class EntryMap<M extends PresenceModel, V> {
  readonly #contexts = new Map<Key, EntryTree<Item<M, V>>>();
  #size = 0;

  /** How many entries it holds. O(1). */
  get size(): number {
    return this.#size;
  }

  /** Reports whether an entry has a value. O(1). */
  has(key: EntryKey<M>): boolean {
    return this.#contexts.get(key.context)?.get(key) !== undefined;
  }

  /** Returns the value of an entry. O(1). */
  get(key: EntryKey<M>): V | undefined {
    return this.#contexts.get(key.context)?.get(key)?.value;
  }

  /** Sets the value of an entry, and keeps the key object. O(1). */
  set(key: EntryKey<M>, value: V): void {
    let items = this.#contexts.get(key.context);
    if (items === undefined) {
      items = new EntryTree();
      this.#contexts.set(key.context, items);
    }
    const item = items.get(key);
    if (item !== undefined) {
      item.value = value;
    } else {
      items.add({ snapshot: key, value });
      this.#size++;
    }
  }

  /** Removes an entry and returns the value it had. O(1). */
  delete(key: EntryKey<M>): V | undefined {
    const items = this.#contexts.get(key.context);
    const item = items?.get(key);
    if (items === undefined || item === undefined) return undefined;
    items.delete(item);
    this.#size--;
    if (items.size === 0) this.#contexts.delete(key.context);
    return item.value;
  }

  /** Lists the values of a subject's entries in a context. O(answer). */
  of(subject: M["subject"], context: M["context"]): V[] {
    const items = this.#contexts.get(context)?.of(subject) ?? [];
    return items.map(({ value }) => value);
  }

  /** Lists the values, of one context or of all. O(answer). */
  values(context?: M["context"]): V[] {
    const values: V[] = [];
    const contexts = context === undefined ? this.#contexts.keys() : [context];
    for (const key of contexts) {
      this.#contexts.get(key)?.forEach(({ value }) => values.push(value));
    }
    return values;
  }
}
