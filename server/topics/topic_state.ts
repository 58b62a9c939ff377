import type { CursorPosition } from "../../store/mod.ts";
import type { WirePresence, WireState } from "./state/presence_diff.ts";
import { collect, type Tree } from "./state/presence_tree.ts";

/** All that a reader may see of a topic. */
export interface TopicState {
  /** Tells a state from a diff. */
  readonly type: "state";
  /** Who is there. The first look at it costs the topic. */
  readonly state: WireState;
  /** Up to which change. */
  readonly position: CursorPosition;
}

/** Who is there, by key. */
export type Presences = Tree<WirePresence>;

/** A part of so many keys at most keeps its JSON. */
const PART = 64;

const PARTS = new WeakMap<NonNullable<Presences>, string>();
const STATES = new WeakMap<
  TopicState,
  { presences: Presences; json?: string }
>();

/** Makes the message that tells who is there. O(1). */
export function topicState(
  presences: Presences,
  position: CursorPosition,
): TopicState {
  let wire: WireState | undefined;
  const message: TopicState = {
    type: "state",
    get state() {
      return wire ??= wireOf(presences);
    },
    position,
  };
  STATES.set(message, { presences });
  return message;
}

/**
 * Writes the state of a message as JSON, once for each message. Of what was
 * written before, for whichever message of a topic, it takes over all parts
 * that are still the same, so that a state after a few changes costs little
 * more than to copy the text.
 *
 * @param message The message, of a watch.
 * @returns The JSON of its `state`, in which the keys may be in another order.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   stateJson,
 *   type TopicModel,
 *   TopicPresence,
 * } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer<TopicModel>();
 * const presence = new TopicPresence(server);
 * presence.track("post:1", "ada", { device: "laptop" });
 *
 * const { value } = await presence.watch("post:1").next();
 * if (value?.type === "state") {
 *   assertEquals(JSON.parse(stateJson(value)), value.state);
 * }
 * ```
 */
export function stateJson(message: TopicState): string {
  const known = STATES.get(message);
  if (known === undefined) return JSON.stringify(message.state);
  if (known.json === undefined) {
    const parts: string[] = [];
    writeParts(known.presences, parts);
    known.json = `{${parts.join(",")}}`;
  }
  return known.json;
}

/** Writes the members of an object, in parts of which most may be known. */
function writeParts(presences: Presences, parts: string[]): void {
  if (presences === undefined) return;
  const { size, left, key, value, right } = presences;
  if (size > PART) {
    writeParts(left, parts);
    parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
    writeParts(right, parts);
    return;
  }
  let part = PARTS.get(presences);
  if (part === undefined) {
    part = JSON.stringify(wireOf(presences)).slice(1, -1);
    PARTS.set(presences, part);
  }
  parts.push(part);
}

function wireOf(presences: Presences): WireState {
  const byKey = new Map<string, WirePresence>();
  collect(presences, byKey);
  // Not by assignment: "__proto__" is a key like any other.
  return Object.fromEntries(byKey);
}
