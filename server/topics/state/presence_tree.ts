/**
 * A balanced tree of strings in the order of `compareKeys`, as immutable plain
 * data: a changed tree shares the unchanged parts with the former one.
 */
export interface PresenceTree<V> {
  /** The key of this node. */
  readonly key: string;
  /** The value of this node. */
  readonly value: V;
  /** The number of nodes: this one and all below. */
  readonly size: number;
  /** The nodes with smaller keys. */
  readonly left: PresenceTree<V> | undefined;
  /** The nodes with greater keys. */
  readonly right: PresenceTree<V> | undefined;
}

/** A tree, which may be empty. */
export type Tree<V> = PresenceTree<V> | undefined;

/** Makes a tree of items in the order of their keys. O(n). */
export function treeOf<V>(
  items: readonly Item<V>[],
  from = 0,
  to = items.length,
): Tree<V> {
  if (from >= to) return undefined;
  const middle = (from + to) >>> 1;
  return join(
    treeOf(items, from, middle),
    items[middle]!,
    treeOf(items, middle + 1, to),
  );
}

/** Returns the number of keys. O(1). */
export function sizeOf(tree: Tree<unknown>): number {
  return tree?.size ?? 0;
}

/** Returns the value of a key. O(log n). */
export function find<V>(tree: Tree<V>, key: string): V | undefined {
  while (tree !== undefined && tree.key !== key) {
    tree = key < tree.key ? tree.left : tree.right;
  }
  return tree?.value;
}

/** Adds all keys and values to a map, in order, and returns it. O(n). */
export function collect<V>(
  tree: Tree<V>,
  map = new Map<string, V>(),
): Map<string, V> {
  if (tree === undefined) return map;
  collect(tree.left, map);
  map.set(tree.key, tree.value);
  return collect(tree.right, map);
}

/** Returns a tree with a new value for a key. O(log n). */
export function put<V>(tree: Tree<V>, key: string, value: V): PresenceTree<V> {
  if (tree === undefined) return join(undefined, { key, value }, undefined);
  const { left, right } = tree;
  if (key < tree.key) return balance(put(left, key, value), tree, right);
  if (key > tree.key) return balance(left, tree, put(right, key, value));
  return join(left, { key, value }, right);
}

/** Returns a tree without a key. O(log n). */
export function drop<V>(tree: Tree<V>, key: string): Tree<V> {
  if (tree === undefined) return undefined;
  const { left, right } = tree;
  if (key < tree.key) return balance(drop(left, key), tree, right);
  if (key > tree.key) return balance(left, tree, drop(right, key));
  if (left === undefined) return right;
  if (right === undefined) return left;
  let next = right;
  while (next.left !== undefined) next = next.left;
  return balance(left, next, drop(right, next.key));
}

interface Item<V> {
  readonly key: string;
  readonly value: V;
}

function join<V>(
  left: Tree<V>,
  { key, value }: Item<V>,
  right: Tree<V>,
): PresenceTree<V> {
  return { key, value, size: sizeOf(left) + 1 + sizeOf(right), left, right };
}

/**
 * Joins two sides of which one has gained or lost a node. The tree is balanced
 * by weight (Adams 1992, with the bounds 3 and 2 that Hirai and Yamamoto proved
 * in 2011): a side that is more than three times as heavy as the other gives
 * its inner part away, as a whole unless that is most of it.
 */
function balance<V>(
  left: Tree<V>,
  item: Item<V>,
  right: Tree<V>,
): PresenceTree<V> {
  if (right !== undefined && weight(right) > 3 * weight(left)) {
    const { left: inner, right: outer } = right;
    if (inner === undefined || weight(inner) < 2 * weight(outer)) {
      return join(join(left, item, inner), right, outer);
    }
    return join(
      join(left, item, inner.left),
      inner,
      join(inner.right, right, outer),
    );
  }
  if (left !== undefined && weight(left) > 3 * weight(right)) {
    const { left: outer, right: inner } = left;
    if (inner === undefined || weight(inner) < 2 * weight(outer)) {
      return join(outer, left, join(inner, item, right));
    }
    return join(
      join(outer, left, inner.left),
      inner,
      join(inner.right, item, right),
    );
  }
  return join(left, item, right);
}

function weight(tree: Tree<unknown>): number {
  return sizeOf(tree) + 1;
}
