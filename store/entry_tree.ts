import {
  type EntryKey,
  entryKeyOf,
  type Key,
  type PresenceAddress,
} from "../core/mod.ts";

/** An element of a tree: an object with a snapshot, which has its key. */
export interface Leaf {
  /** Determines the leaf's place in the tree. */
  readonly snapshot: EntryKey;
}

/** The fields of a key after its subject. */
export const FIELDS = ["context", "resource", "origin"] as const;

/** One leaf, or several of the same subject. */
export type Node<L extends Leaf> = L | Branch<L>;

/** Leaves, by the first of the fields in which they differ. */
export class Branch<L extends Leaf> {
  /** The index of that field. */
  readonly depth: number;
  /** Has the fields that all of them share: those before it. */
  readonly snapshot: EntryKey;
  /** What is below each of its values: always two or more. */
  readonly below: Map<Key | undefined, Node<L>> = new Map();

  constructor(depth: number, key: EntryKey) {
    this.depth = depth;
    this.snapshot = entryKeyOf(key);
  }
}

/**
 * Entries by their keys: subject, then context, resource and origin. There is a
 * branch only where two leaves differ, so the usual subject, which is here once,
 * costs a single map slot.
 *
 * Keys are never joined into one string; each level compares them as they are.
 *
 * @typeParam L The type of the leaves.
 */
export class EntryTree<L extends Leaf> {
  readonly #bySubject = new Map<Key, Node<L>>();
  #size = 0;

  /** For the tests. */
  private get nodes(): ReadonlyMap<Key, Node<L>> {
    return this.#bySubject;
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
    let node = this.#bySubject.get(key.subject);
    while (node instanceof Branch) {
      node = node.below.get(fieldOf(key, node.depth));
    }
    return node !== undefined && hasKey(node, key) ? node : undefined;
  }

  /**
   * Adds a leaf. O(1).
   *
   * @param leaf A leaf with a new key.
   * @returns Whether it is the first one of its subject in its context.
   */
  add(leaf: L): boolean {
    const { subject } = leaf.snapshot;
    const node = this.#bySubject.get(subject);
    this.#size++;
    if (node === undefined) {
      this.#bySubject.set(subject, leaf);
      return true;
    }
    const isFirst = !hasContext(node, leaf);
    this.#bySubject.set(subject, withLeaf(node, leaf));
    return isFirst;
  }

  /**
   * Removes a leaf. O(1).
   *
   * @param leaf A leaf of the tree.
   * @returns Whether it was the last one of its subject in its context.
   */
  delete(leaf: L): boolean {
    const { subject } = leaf.snapshot;
    const node = this.#bySubject.get(subject);
    this.#size--;
    if (!(node instanceof Branch)) {
      this.#bySubject.delete(subject);
      return true;
    }
    const left = withoutLeaf(node, leaf);
    this.#bySubject.set(subject, left);
    return !hasContext(left, leaf);
  }

  /**
   * Visits every leaf, one subject after another. O(leaves).
   *
   * @param visit Called with each leaf.
   */
  forEach(visit: (leaf: L) => void): void {
    for (const node of this.#bySubject.values()) visitAll(node, visit);
  }

  /**
   * Lists the leaves of a subject, those in one context after those in another.
   * O(answer).
   *
   * @param subject The subject.
   * @param context Only those in this context, if it is given.
   * @returns The leaves.
   */
  of(subject: Key, context?: Key): L[] {
    const fields = context === undefined ? [] : [context];
    return leavesAt(this.#bySubject.get(subject), fields);
  }

  /**
   * Lists the leaves of an address. O(answer).
   *
   * @param address The address.
   * @returns The leaves.
   */
  at({ subject, context, resource }: PresenceAddress): L[] {
    return leavesAt(this.#bySubject.get(subject), [context, resource]);
  }
}

/** Compares all fields but the subject. */
function hasKey({ snapshot }: Leaf, key: EntryKey): boolean {
  return snapshot.context === key.context &&
    snapshot.resource === key.resource && snapshot.origin === key.origin;
}

function fieldOf(key: EntryKey, depth: number): Key | undefined {
  return key[FIELDS[depth]!];
}

/** Reports whether a leaf of a node is in the context of a leaf. */
function hasContext<L extends Leaf>(node: Node<L>, { snapshot }: L): boolean {
  return node instanceof Branch && node.depth === 0
    ? node.below.has(snapshot.context)
    : node.snapshot.context === snapshot.context;
}

function withLeaf<L extends Leaf>(node: Node<L>, leaf: L): Branch<L> {
  const depth = FIELDS.findIndex((field) =>
    node.snapshot[field] !== leaf.snapshot[field]
  );
  // It shares all that the leaves of a branch share, or also more with some.
  if (node instanceof Branch && (depth < 0 || depth >= node.depth)) {
    const value = fieldOf(leaf.snapshot, node.depth);
    const there = node.below.get(value);
    node.below.set(value, there === undefined ? leaf : withLeaf(there, leaf));
    return node;
  }
  const branch = new Branch<L>(depth, leaf.snapshot);
  branch.below.set(fieldOf(node.snapshot, depth), node);
  branch.below.set(fieldOf(leaf.snapshot, depth), leaf);
  return branch;
}

/** Returns what is left. No branch of a single leaf outlives a reconnect. */
function withoutLeaf<L extends Leaf>(branch: Branch<L>, leaf: L): Node<L> {
  const value = fieldOf(leaf.snapshot, branch.depth);
  const there = branch.below.get(value);
  if (there instanceof Branch) {
    branch.below.set(value, withoutLeaf(there, leaf));
  } else branch.below.delete(value);
  if (branch.below.size > 1) return branch;
  const [only] = branch.below.values();
  return only!;
}

function visitAll<L extends Leaf>(
  node: Node<L>,
  visit: (leaf: L) => void,
): void {
  if (!(node instanceof Branch)) return visit(node);
  for (const deeper of node.below.values()) visitAll(deeper, visit);
}

/** Lists the leaves whose first fields have the given values. */
function leavesAt<L extends Leaf>(
  node: Node<L> | undefined,
  values: readonly (Key | undefined)[],
): L[] {
  while (node instanceof Branch && node.depth < values.length) {
    node = node.below.get(values[node.depth]);
  }
  const leaves: L[] = [];
  if (node === undefined) return leaves;
  const { snapshot } = node;
  if (values.every((value, depth) => fieldOf(snapshot, depth) === value)) {
    visitAll(node, (leaf) => leaves.push(leaf));
  }
  return leaves;
}
