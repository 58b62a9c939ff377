import { InvalidValueError } from "../../../core/mod.ts";
import { workspaceContext } from "../../documents/mod.ts";
import type { Admission, PhoenixIdentity } from "../rights/identity.ts";
import {
  isJsonObject,
  isShortText,
  type JsonObject,
  type JsonValue,
  MAX_NAME_LENGTH,
  MAX_URL_LENGTH,
} from "../../internal.ts";
import { own } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import { mayWrite } from "../rights/rights.ts";
import { isLarger } from "../frames/bytes.ts";

/** How somebody enters a document. */
export interface Arrival {
  /** Their name; left out, their key. */
  readonly name: string | undefined;
  /** Where their picture is. */
  readonly avatarUrl: string | undefined;
  /** The workspace of the document, if any. */
  readonly workspaceId: string | undefined;
  /** The contexts that they must be able to write to. */
  readonly needed: readonly string[];
}

const ACTION = "join document";

/**
 * Reads how somebody enters a document: what the application stamps counts more
 * than its meta, and that more than what the client asks for.
 *
 * @param topic The topic of the document.
 * @param payload The payload of the join.
 * @param admission What the application says to the join.
 * @param identity Who asks. Where they may not write, a stamped name lets them
 * only watch, and a name of their own is an error.
 * @param metaBytes How many bytes all of it may have as JSON.
 * @returns The arrival; `undefined` if they only watch.
 * @throws {InvalidValueError} If a field is of the wrong type or too long.
 * @throws {Refusal} If they ask for something that documents don't have.
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
  // With the name `null`, a client only watches.
  const isNamed = isGiven(given, "name") && own(payload, "name") !== null;
  if (!isAsked && !isNamed && meta === undefined) return undefined;
  const needed = meta === undefined ? [topic] : [];
  if (!isAsked && !mayWrite(identity, needed)) return undefined;
  const shown = visibility ?? own(payload, "visibility") ?? "public";
  if (shown !== "public") {
    throw new Refusal("everybody in a document is public");
  }
  const arrival = {
    name: textOf(said, "name", MAX_NAME_LENGTH),
    avatarUrl: textOf(said, "avatar_url", MAX_URL_LENGTH),
    workspaceId: textOf(said, "workspace_id", MAX_NAME_LENGTH),
  };
  if (isLarger(JSON.stringify(arrival), metaBytes)) {
    throw new Refusal(`a presence may have ${metaBytes} bytes`, "too-large");
  }
  // The application is responsible for what it gives.
  const { workspaceId } = arrival;
  if (workspaceId !== undefined && own(given, "workspace_id") === undefined) {
    needed.push(workspaceContext(workspaceId));
  }
  return { ...arrival, needed };
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
  if (isShortText(value, maxLength)) return value === "" ? undefined : value;
  const rule =
    `must be a well-formed string of at most ${maxLength} characters`;
  throw new InvalidValueError(ACTION, field, rule, value);
}
