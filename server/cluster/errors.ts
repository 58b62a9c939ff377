/**
 * Another process has joined by the name of a node. The node takes another name
 * and shares its entries by that; `onError` receives this error.
 *
 * @example Usage
 * ```ts
 * import { NodeNameTakenError } from "@ruthere/presence/server/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new NodeNameTakenError("eu-1", "eu-1~4f0c21aa").message,
 *   'Cannot keep node name: another process has joined as "eu-1"; ' +
 *     'this one continues as "eu-1~4f0c21aa"',
 * );
 * ```
 */
export class NodeNameTakenError extends Error {
  /** The former name of the node. */
  readonly node: string;
  /** The present name of the node. */
  readonly newName: string;

  /**
   * Makes the error.
   *
   * @param node The former name of the node.
   * @param newName The present name of the node.
   */
  constructor(node: string, newName: string) {
    super(
      `Cannot keep node name: another process has joined as ` +
        `${JSON.stringify(node)}; this one continues as ` +
        JSON.stringify(newName),
    );
    this.name = "NodeNameTakenError";
    this.node = node;
    this.newName = newName;
  }
}
