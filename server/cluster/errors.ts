/**
 * Another process has joined by the name of a node. The node goes on by a name
 * of its own, by which it shares all that it has; `onError` is told of it.
 *
 * @example Usage
 * ```ts
 * import { NodeNameTakenError } from "@ruthere/presence/server/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new NodeNameTakenError("eu-1", "eu-1~4f0c21aa").message,
 *   'Cannot keep node name: another process has joined as "eu-1"; ' +
 *     'this one goes on as "eu-1~4f0c21aa"',
 * );
 * ```
 */
export class NodeNameTakenError extends Error {
  /** The name that it had. */
  readonly node: string;
  /** The name that it has now. */
  readonly newName: string;

  /**
   * Makes the error.
   *
   * @param node The name that it had.
   * @param newName The name that it has now.
   */
  constructor(node: string, newName: string) {
    super(
      `Cannot keep node name: another process has joined as ` +
        `${JSON.stringify(node)}; this one goes on as ` +
        JSON.stringify(newName),
    );
    this.name = "NodeNameTakenError";
    this.node = node;
    this.newName = newName;
  }
}
