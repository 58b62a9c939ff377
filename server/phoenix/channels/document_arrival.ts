import { InvalidValueError } from "../../../core/mod.ts";
import { workspaceContext } from "../../documents/mod.ts";
import type { Admission, PhoenixIdentity } from "../rights/identity.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../internal.ts";
import { own } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import { mayWrite } from "../rights/rights.ts";
import { isLarger } from "../frames/bytes.ts";

/** As what somebody comes into a document. */
export interface Arrival {
  /** What they are called; their key, if it is left out. */
  readonly name: string | undefined;
  /** Where their picture is. */
  readonly avatarUrl: string | undefined;
  /** The workspace that the document is of, if it is said to be of one. */
  readonly workspaceId: string | undefined;
  /** The contexts that they must have the right to write to. */
  readonly wanted: readonly string[];
}

const ACTION = "join document";

/** As long as other names may be. */
const MAX_NAME_LENGTH = 256;

/** As long as what all software takes for a URL. */
const MAX_URL_LENGTH = 2_048;

/**
 * Reads as what somebody comes into a document: what the client asks for, under
 * what the application gives, under what it stamps.
 *
 * @param topic The topic of the document.
 * @param payload The payload of the join.
 * @param admission What the application says to it.
 * @param identity Who asks. A stamped name brings them in as far as they may
 * write; a name of their own is an error where they may not.
 * @param metaBytes How many bytes all of it may have, as JSON.
 * @returns The arrival; `undefined` for who only watches.
 * @throws {InvalidValueError} If a field is of the wrong type or too long.
 * @throws {Refusal} If they ask for what documents don't have.
 */
export function readArrival(
  topic: string,
  payload: JsonObject,
  { meta, stamp, visibility }: Admission,
  identity: PhoenixIdentity,
  metaBytes: number,
): Arrival | undefined {
  if (own(payload, "meta") !== undefined) {
    throw new Refusal("in a document a name takes the place of a meta");
  }
  const given = { ...isJsonObject(meta) ? meta : {}, ...stamp };
  const said = { ...payload, ...given };
  const isAsked = isGiven(payload, "name") || isGiven(payload, "workspace_id");
  // With `null` for a name, a client says that it only watches.
  const isNamed = isGiven(given, "name") && own(payload, "name") !== null;
  if (!isAsked && !isNamed && meta === undefined) return undefined;
  const wanted = meta === undefined ? [topic] : [];
  if (!isAsked && !mayWrite(identity, wanted)) return undefined;
  const shown = visibility ?? own(payload, "visibility") ?? "public";
  if (shown !== "public") {
    throw new Refusal("whoever is in a document is public");
  }
  const arrival = {
    name: textOf(said, "name", MAX_NAME_LENGTH),
    avatarUrl: textOf(said, "avatar_url", MAX_URL_LENGTH),
    workspaceId: textOf(said, "workspace_id", MAX_NAME_LENGTH),
  };
  if (isLarger(JSON.stringify(arrival), metaBytes)) {
    throw new Refusal(`a presence may have ${metaBytes} bytes`, "too-large");
  }
  // What the application gives it has made sure of itself.
  const { workspaceId } = arrival;
  if (workspaceId !== undefined && own(given, "workspace_id") === undefined) {
    wanted.push(workspaceContext(workspaceId));
  }
  return { ...arrival, wanted };
}

function isGiven(object: JsonObject, field: string): boolean {
  return (own(object, field) ?? undefined) !== undefined;
}

/** A text that is not empty; `null` and `""` are none. */
function textOf(
  object: JsonObject,
  field: string,
  maxLength: number,
): string | undefined {
  const value: JsonValue = own(object, field) ?? "";
  if (
    typeof value === "string" && value.length <= maxLength &&
    value.isWellFormed()
  ) return value === "" ? undefined : value;
  const rule =
    `must be a well-formed string of at most ${maxLength} characters`;
  throw new InvalidValueError(ACTION, field, rule, value);
}
