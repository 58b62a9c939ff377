import { type BackboneListener, isLease, type RowChange } from "../mod.ts";
import { lifeOf } from "./names.ts";

/** Notifies a listener of something that a message says. */
export type Notify = (listener: BackboneListener) => void;

/** Encodes a text from a node. */
export function encodeText(by: string, from: string, text: string): string {
  return JSON.stringify(["text", by, from, text]);
}

/**
 * Decodes a message of a channel.
 *
 * @param message The message.
 * @param context The context of the channel, if it has one.
 * @param self Identifies this connection, whose own messages are ignored.
 * @returns What it says; nothing, if somebody else has published it.
 */
export function decodeMessage(
  message: string,
  context: string | undefined,
  self: string,
): readonly Notify[] {
  try {
    const [type, by, first, second, ...rest] = JSON.parse(message);
    if (type === "changes" && context !== undefined) {
      return readChanges(context, by, first, Number(second), rest)
        .map((change) => (listener) => listener.onChange(change));
    }
    if (by === self) return [];
    if (type === "lease") {
      const lease: unknown = JSON.parse(first);
      return isLease(lease) ? [(listener) => listener.onLease(lease)] : [];
    }
    if (type === "ended") {
      const life = lifeOf(first);
      return [(listener) => listener.onEnded(life)];
    }
    if (type === "text" && context !== undefined) {
      return [(listener) => listener.onMessage(context, first, second)];
    }
  } catch {
    // Somebody else has published it.
  }
  return [];
}

/** Reads changes as the script `write` publishes them. */
function readChanges(
  context: string,
  memory: string,
  life: string,
  before: number,
  [first, ...rows]: readonly string[],
): RowChange[] {
  const { node, epoch } = lifeOf(life);
  const changes: RowChange[] = [];
  let [previous, revision] = [before, Number(first)];
  for (let index = 0; index + 2 < rows.length; index += 3) {
    const [id = "", age = "", value = ""] = rows.slice(index, index + 3);
    changes.push({
      context,
      memory,
      revision,
      previous,
      change: age.startsWith("-")
        ? { type: "removed", id, age: age === "-" ? undefined : -Number(age) }
        : { type: "put", row: { node, epoch, id, value, age: Number(age) } },
    });
    previous = revision++;
  }
  return changes;
}
