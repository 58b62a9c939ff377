import { assertVisibility } from "../../../core/assert.ts";
import { InvalidValueError, type Visibility } from "../../../core/mod.ts";
import {
  isJsonObject,
  isShortText,
  type JsonObject,
  type JsonValue,
  MAX_NAME_LENGTH,
} from "../../internal.ts";
import { own } from "../payload.ts";

/** What a client asks for as it joins, in Phoenix's way or Supabase's. */
export interface JoinParams {
  /** The key that it wants to be present under. */
  readonly key: string | undefined;
  /** Its first meta; without one it only watches. */
  readonly meta: JsonValue | undefined;
  /** Who it is shown to, until a track says otherwise. */
  readonly visibility: Visibility | undefined;
  /** Whether it wants its own broadcasts back. */
  readonly self: boolean;
  /** Whether it wants to know who is there, before it is there itself. */
  readonly presence: boolean;
  /** Which frames of bytes it can read. */
  readonly dialect: Dialect;
  /** How it joins as a live client; `undefined` for all others. */
  readonly live: LiveParams | undefined;
}

/** What a live client tells as it joins. */
export interface LiveParams {
  /** Its first facets; without them it only watches. */
  readonly facets: JsonObject | undefined;
  /** The name of its connection; without one it gets a new name. */
  readonly resource: string | undefined;
}

/** The dialect of a client: one can't read the other's broadcasts of bytes. */
export type Dialect = "phoenix" | "supabase";

const ACTION = "join topic";

/** The prefix of the topics of Supabase's clients. */
export const SUPABASE_PREFIX = "realtime:";

/**
 * Reads the payload of a join of a topic.
 *
 * @throws {InvalidValueError} If something in it is of the wrong type.
 */
export function readJoinParams(
  topic: string,
  payload: JsonObject,
): JoinParams {
  if (topic === "") {
    throw new InvalidValueError(ACTION, "topic", "must not be empty", topic);
  }
  const isSupabase = topic.startsWith(SUPABASE_PREFIX) &&
    Object.hasOwn(payload, "config");
  const config = objectIn(payload, "config");
  const presence = objectIn(config, "presence");
  return {
    key: readKey(payload, presence),
    meta: own(payload, "meta"),
    visibility: readVisibility(payload, ACTION),
    self: own(objectIn(config, "broadcast"), "self") === true,
    presence: own(presence, "enabled") !== false,
    dialect: isSupabase ? "supabase" : "phoenix",
    live: readLive(own(payload, "live")),
  };
}

function readLive(live: JsonValue | undefined): LiveParams | undefined {
  if (live === undefined) return undefined;
  if (!isJsonObject(live)) {
    throw new InvalidValueError(ACTION, "live", "must be an object", live);
  }
  const facets = own(live, "facets");
  if (facets !== undefined && !isJsonObject(facets)) {
    const rule = "must be an object";
    throw new InvalidValueError(ACTION, "live.facets", rule, facets);
  }
  const resource = own(live, "resource");
  return {
    facets,
    resource: resource === undefined
      ? undefined
      : nameOf(resource, "live.resource"),
  };
}

/**
 * Reads a visibility.
 *
 * @throws {InvalidValueError} If it is not valid, or its label is too long.
 */
export function readVisibility(
  payload: JsonObject,
  action: string,
): Visibility | undefined {
  const visibility = own(payload, "visibility");
  if (visibility === undefined) return undefined;
  assertVisibility(visibility, "visibility", action);
  if (
    typeof visibility === "object" &&
    visibility.restricted.length > MAX_NAME_LENGTH
  ) {
    const rule = `must have at most ${MAX_NAME_LENGTH} characters`;
    const { restricted } = visibility;
    throw new InvalidValueError(action, "visibility", rule, restricted);
  }
  return visibility;
}

function readKey(params: JsonObject, presence: JsonObject): string | undefined {
  // Supabase's clients send an empty key to be given one.
  const key = own(params, "key") ?? (own(presence, "key") || undefined);
  return key === undefined ? undefined : nameOf(key, "key");
}

function nameOf(value: JsonValue, field: string): string {
  if (value !== "" && isShortText(value, MAX_NAME_LENGTH)) return value;
  const rule =
    `must be a well-formed string of 1 to ${MAX_NAME_LENGTH} characters`;
  throw new InvalidValueError(ACTION, field, rule, value);
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const member = own(object, name);
  return isJsonObject(member) ? member : {};
}
