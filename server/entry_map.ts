import type { EntryKey, Key, PresenceModel } from "../core/mod.ts";
import { EntryTree, type Leaf } from "../store/mod.ts";

/** What is known of some entries, by their keys. */
export class EntryMap<M extends PresenceModel, V> {
  readonly #byContext = new Map<Key, EntryTree<Known<M, V>>>();
  #size = 0;

  /** Of how many entries something is known. O(1). */
  get size(): number {
    return this.#size;
  }

  /** Tells whether something is known of an entry. O(1). */
  has(key: EntryKey<M>): boolean {
    return this.#find(key) !== undefined;
  }

  /** What is known of an entry. O(1). */
  get(key: EntryKey<M>): V | undefined {
    return this.#find(key)?.value;
  }

  /** Sets what is known of an entry. O(1). */
  set(key: EntryKey<M>, value: V): void {
    const known = this.#find(key);
    if (known !== undefined) {
      known.value = value;
      return;
    }
    let entries = this.#byContext.get(key.context);
    if (entries === undefined) {
      entries = new EntryTree();
      this.#byContext.set(key.context, entries);
    }
    entries.add({ snapshot: key, value });
    this.#size++;
  }

  /** Forgets an entry; tells whether something was known of it. O(1). */
  delete(key: EntryKey<M>): boolean {
    const entries = this.#byContext.get(key.context);
    const known = entries?.get(key);
    if (entries === undefined || known === undefined) return false;
    entries.delete(known);
    this.#size--;
    if (entries.size === 0) this.#byContext.delete(key.context);
    return true;
  }

  /** Forgets all entries. O(1). */
  clear(): void {
    this.#byContext.clear();
    this.#size = 0;
  }

  /** The entries of a subject in a context. O(answer). */
  of(subject: M["subject"], context: M["context"]): EntryKey<M>[] {
    const keys: EntryKey<M>[] = [];
    this.#byContext.get(context)
      ?.forEachOf(subject, ({ snapshot }) => keys.push(snapshot));
    return keys;
  }

  /** The entries of a context. O(answer). */
  in(context: M["context"]): EntryKey<M>[] {
    const keys: EntryKey<M>[] = [];
    this.#byContext.get(context)
      ?.forEach(({ snapshot }) => keys.push(snapshot));
    return keys;
  }

  /** All entries. O(answer). */
  all(): EntryKey<M>[] {
    return [...this.#byContext.keys()].flatMap((context) => this.in(context));
  }

  /** What is known of all entries. O(answer). */
  values(): V[] {
    const values: V[] = [];
    for (const entries of this.#byContext.values()) {
      entries.forEach(({ value }) => values.push(value));
    }
    return values;
  }

  #find(key: EntryKey<M>): Known<M, V> | undefined {
    return this.#byContext.get(key.context)?.get(key);
  }
}

interface Known<M extends PresenceModel, V> extends Leaf {
  readonly snapshot: EntryKey<M>;
  value: V;
}
