import { InvalidValueError } from "../../../core/mod.ts";
import { assertText, MAX_NAME_LENGTH, MAX_URL_LENGTH } from "../../internal.ts";
import { SerializationError } from "../errors.ts";

/** What somebody is called, and where their picture is. */
export interface Profile {
  /** The name. */
  readonly name: string;
  /** The picture. */
  readonly avatarUrl?: string | undefined;
}

/**
 * A URL of `http` or `https`, or one without a scheme: what is before the first
 * `:` is none if there is a `/`, `?` or `#` in it.
 */
const SAFE_URL = /^(?:https?:\/\/|[^:]*(?:[/?#]|$))/i;

/**
 * Throws unless all that others are to be told of somebody can be.
 *
 * @throws {SerializationError} If JSON can't carry it.
 * @throws {InvalidValueError} If it is no string, too long, or no URL of a
 * picture.
 */
export function assertProfile(
  { name, avatarUrl }: Profile,
  action: string,
): void {
  // What is no string has another fault than that JSON can't carry it.
  if (typeof name === "string") assertCarried(name, "name", action);
  if (!isName(name)) {
    const rule =
      `must be a well-formed string of at most ${MAX_NAME_LENGTH} characters`;
    throw new InvalidValueError(action, "name", rule, name);
  }
  if (avatarUrl === undefined) return;
  if (typeof avatarUrl === "string") {
    assertCarried(avatarUrl, "avatarUrl", action);
  }
  if (isAvatarUrl(avatarUrl)) return;
  const rule =
    `must be an http or https URL or a relative one of at most ${MAX_URL_LENGTH} characters`;
  throw new InvalidValueError(action, "avatarUrl", rule, avatarUrl);
}

/** Whether a value can be what somebody is called. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_NAME_LENGTH &&
    value.isWellFormed();
}

/**
 * Whether a value can be where a picture is. A page may make a link of it, so it
 * must not be a script; and a picture itself would be sent to everybody.
 */
export function isAvatarUrl(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_URL_LENGTH &&
    value.isWellFormed() && SAFE_URL.test(value);
}

/** Throws unless JSON can carry a text. */
function assertCarried(value: string, field: string, action: string): void {
  try {
    assertText(value, field, action);
  } catch (error) {
    throw new SerializationError(action, field, error);
  }
}
