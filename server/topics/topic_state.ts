import type { CursorPosition } from "../../store/mod.ts";
import type { WirePresence, WireState } from "./state/presence_diff.ts";
import { collect, type Tree } from "./state/presence_tree.ts";

/** Everything that a reader may see of a topic. */
export interface TopicState {
  /** The kind of message. */
  readonly type: "state";
  /** The presences by key. The first access costs O(topic). */
  readonly state: WireState;
  /** The position of the latest change that it contains. */
  readonly position: CursorPosition;
}

/** The presences of a topic by key. */
export type Presences = Tree<WirePresence>;

/** Parts of at most this many keys keep their JSON. */
const PART = 64;

const PARTS = new WeakMap<NonNullable<Presences>, string>();
const STATES = new WeakMap<
  TopicState,
  { presences: Presences; json?: string }
>();

/** Makes a state. O(1). */
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
 * Writes the state of a message as JSON, once for each message. It reuses the
 * parts that it has written before for other messages of the topic and that are
 * unchanged: after a few changes, a state costs little more than a copy of the
 * text.
 *
 * @param message A message of a watch.
 * @returns The JSON of its `state`; the keys may be in another order.
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

/** Writes the members of an object, in parts of which most may be cached. */
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
  // Not by assignment: "__proto__" is a key like any other.
  return Object.fromEntries(collect(presences));
}
