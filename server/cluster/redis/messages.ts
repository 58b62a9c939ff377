import type { Lease, NodeLife, RowChange } from "../mod.ts";
import { lifeOf } from "./names.ts";

/** What is told on a channel. */
export type Message =
  | { readonly type: "changes"; readonly changes: readonly RowChange[] }
  | { readonly type: "lease"; readonly by: string; readonly lease: Lease }
  | { readonly type: "ended"; readonly by: string; readonly life: NodeLife }
  | {
    readonly type: "text";
    readonly by: string;
    readonly from: string;
    readonly text: string;
  };

/** Writes a text from a node. */
export function encodeText(by: string, from: string, text: string): string {
  return JSON.stringify(["text", by, from, text]);
}

/**
 * Reads what was told on a channel.
 *
 * @param context The context that it is of; "" for none.
 * @param message What was told.
 * @returns What it means, or `undefined` if somebody else has told it.
 */
export function decodeMessage(
  context: string,
  message: string,
): Message | undefined {
  try {
    const [type, first, second, third] = JSON.parse(message);
    switch (type) {
      case "changes":
        return { type, changes: readChanges(context, first, second, third) };
      case "lease":
        return { type, by: first, lease: JSON.parse(second) };
      case "ended":
        return { type, by: first, life: lifeOf(second) };
      case "text":
        return { type, by: first, from: second, text: third };
    }
  } catch {
    // Nothing that we have said.
  }
  return undefined;
}

function readChanges(
  context: string,
  memory: string,
  life: string,
  changes: readonly (readonly [string, string, string, number?, string?])[],
): RowChange[] {
  const { node, epoch } = lifeOf(life);
  return changes.map(([revision, previous, id, age, value]) => ({
    context,
    memory,
    revision: Number(revision),
    previous: Number(previous),
    change: age === undefined || value === undefined
      ? { type: "removed", id }
      : { type: "put", row: { node, epoch, id, value, age } },
  }));
}
