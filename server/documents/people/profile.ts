import { InvalidValueError } from "../../../core/mod.ts";
import {
  assertText,
  isShortText,
  MAX_NAME_LENGTH,
  MAX_URL_LENGTH,
} from "../../internal.ts";
import type { JoinOptions } from "../document_options.ts";
import { SerializationError } from "../errors.ts";

/**
 * A URL of `http` or `https`, or one without a scheme: the text before the
 * first `:` is not a scheme if it contains `/`, `?` or `#`.
 */
const SAFE_URL = /^(?:https?:\/\/|[^:]*(?:[/?#]|$))/i;

/**
 * Checks the name and the picture of a person.
 *
 * @throws {SerializationError} If JSON can't carry one of them.
 * @throws {InvalidValueError} If one of them is not a string or too long, or
 * the picture has no URL that is allowed.
 */
export function assertProfile(
  { name, avatarUrl }: Pick<JoinOptions, "avatarUrl" | "name">,
  action: string,
): void {
  assertCarried(name, "name", action);
  if (!isName(name)) {
    const rule =
      `must be a well-formed string of at most ${MAX_NAME_LENGTH} characters`;
    throw new InvalidValueError(action, "name", rule, name);
  }
  if (avatarUrl === undefined) return;
  assertCarried(avatarUrl, "avatarUrl", action);
  if (isAvatarUrl(avatarUrl)) return;
  const rule =
    `must be an http or https URL or a relative one of at most ${MAX_URL_LENGTH} characters`;
  throw new InvalidValueError(action, "avatarUrl", rule, avatarUrl);
}

/** Reports whether a value can be a name. */
export function isName(value: unknown): value is string {
  return isShortText(value, MAX_NAME_LENGTH);
}

/**
 * Reports whether a value can be the URL of a picture. A page may make a link
 * of it, so it must not be a script. It must not contain the picture either,
 * which everyone would receive.
 */
export function isAvatarUrl(value: unknown): value is string {
  return isShortText(value, MAX_URL_LENGTH) && SAFE_URL.test(value);
}

/** Checks that JSON can carry a value, if it is a text. */
function assertCarried(value: unknown, field: string, action: string): void {
  // A value that is not a string has another fault.
  if (typeof value !== "string") return;
  try {
    assertText(value, field, action);
  } catch (error) {
    throw new SerializationError(action, field, error);
  }
}
