import type { EntryKey, Key } from "../core/mod.ts";

/** An element of a tree: an object with a snapshot, which has its key. */
export interface Leaf {
  /** Determines the leaf's place in the tree. */
  readonly snapshot: EntryKey;
}

/** Below a resource: one leaf, or leaves by origin. */
type ByOrigin<L extends Leaf> = L | Map<Key, L>;

/** Below a subject: one leaf, or what is below each resource. */
type ByResource<L extends Leaf> = L | Map<Key | undefined, ByOrigin<L>>;

/** Returns the branches of a tree, for the tests. `mod.ts` does not export it. */
export let branchesOf: <L extends Leaf>(
  tree: EntryTree<L>,
) => ReadonlyMap<Key, ByResource<L>>;

/**
 * The entries of one context: subject, then resource, then origin. A level
 * is a map only if it has to distinguish two leaves, so the usual subject, here
 * by one resource of one origin, costs a single map slot.
 *
 * Keys are never joined into one string; each level compares them as they are.
 *
 * @typeParam L The type of the leaves.
 */
export class EntryTree<L extends Leaf> {
  readonly #bySubject = new Map<Key, ByResource<L>>();
  #size = 0;

  static {
    branchesOf = (tree) => tree.#bySubject;
  }

  /** How many leaves the tree has. */
  get size(): number {
    return this.#size;
  }

  /** How many subjects have a leaf. */
  get subjectCount(): number {
    return this.#bySubject.size;
  }

  /**
   * Lists the subjects that have a leaf.
   *
   * @returns The subjects, in the order they were added.
   */
  subjects(): MapIterator<Key> {
    return this.#bySubject.keys();
  }

  /**
   * Reports whether a subject has a leaf. O(1).
   *
   * @param subject The subject.
   * @returns Whether there is one.
   */
  hasSubject(subject: Key): boolean {
    return this.#bySubject.has(subject);
  }

  /**
   * Finds a leaf. O(1).
   *
   * @param key The key of the leaf.
   * @returns The leaf, `undefined` if there is none.
   */
  get(key: EntryKey): L | undefined {
    const below = this.#bySubject.get(key.subject);
    if (!(below instanceof Map)) {
      return below !== undefined && sameResource(below, key) &&
          sameOrigin(below, key)
        ? below
        : undefined;
    }
    const byOrigin = below.get(key.resource);
    if (byOrigin instanceof Map) return byOrigin.get(key.origin);
    return byOrigin !== undefined && sameOrigin(byOrigin, key)
      ? byOrigin
      : undefined;
  }

  /**
   * Adds a leaf. O(1).
   *
   * @param leaf A leaf with a new key.
   */
  add(leaf: L): void {
    const { subject } = leaf.snapshot;
    this.#bySubject.set(subject, withLeaf(this.#bySubject.get(subject), leaf));
    this.#size++;
  }

  /**
   * Removes a leaf. O(1).
   *
   * @param leaf A leaf of the tree.
   */
  delete(leaf: L): void {
    const { subject, resource, origin } = leaf.snapshot;
    this.#size--;
    const below = this.#bySubject.get(subject);
    if (!(below instanceof Map)) {
      this.#bySubject.delete(subject);
      return;
    }
    const byOrigin = below.get(resource);
    if (byOrigin instanceof Map) {
      byOrigin.delete(origin);
      if (byOrigin.size > 1) return;
      below.set(resource, onlyOne(byOrigin));
    } else {
      below.delete(resource);
    }
    if (below.size > 1) return;
    // A reconnect makes two leaves for a moment. No map outlives that.
    const only = onlyOne(below);
    if (!(only instanceof Map)) this.#bySubject.set(subject, only);
  }

  /**
   * Visits every leaf, one subject after another. O(leaves).
   *
   * @param visit Called with each leaf.
   */
  forEach(visit: (leaf: L) => void): void {
    for (const below of this.#bySubject.values()) {
      if (below instanceof Map) visitBelow(below, visit);
      else visit(below);
    }
  }

  /**
   * Visits the leaves of a subject. O(leaves visited).
   *
   * @param subject The subject.
   * @param visit Called with each leaf.
   */
  forEachOf(subject: Key, visit: (leaf: L) => void): void {
    visitBelow(this.#bySubject.get(subject), visit);
  }

  /**
   * Visits the leaves of an address. O(leaves visited).
   *
   * @param subject The subject.
   * @param resource The resource; `undefined` for none.
   * @param visit Called with each leaf.
   */
  forEachAt(
    subject: Key,
    resource: Key | undefined,
    visit: (leaf: L) => void,
  ): void {
    const below = this.#bySubject.get(subject);
    if (below instanceof Map) {
      visitBelow(below.get(resource), visit);
    } else if (below !== undefined && below.snapshot.resource === resource) {
      visit(below);
    }
  }
}

function sameResource(leaf: Leaf, key: EntryKey): boolean {
  return leaf.snapshot.resource === key.resource;
}

function sameOrigin(leaf: Leaf, key: EntryKey): boolean {
  return leaf.snapshot.origin === key.origin;
}

function onlyOne<V>(map: ReadonlyMap<unknown, V>): V {
  const [only] = map.values();
  return only!;
}

function withLeaf<L extends Leaf>(
  below: ByResource<L> | undefined,
  leaf: L,
): ByResource<L> {
  if (below === undefined) return leaf;
  const byResource = below instanceof Map
    ? below
    : new Map<Key | undefined, ByOrigin<L>>([[below.snapshot.resource, below]]);
  const { resource, origin } = leaf.snapshot;
  const there = byResource.get(resource);
  if (there === undefined) {
    byResource.set(resource, leaf);
  } else if (there instanceof Map) {
    there.set(origin, leaf);
  } else {
    byResource.set(
      resource,
      new Map([[there.snapshot.origin, there], [origin, leaf]]),
    );
  }
  return byResource;
}

function visitBelow<L extends Leaf>(
  below: ByResource<L> | ByOrigin<L> | undefined,
  visit: (leaf: L) => void,
): void {
  if (below === undefined) return;
  if (!(below instanceof Map)) return visit(below);
  for (const deeper of below.values()) visitBelow(deeper, visit);
}
