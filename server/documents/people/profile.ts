import { InvalidValueError } from "../../../core/mod.ts";
import { assertText, MAX_NAME_LENGTH, MAX_URL_LENGTH } from "../../internal.ts";
import type { JoinOptions } from "../document_options.ts";
import { SerializationError } from "../errors.ts";
import { isAvatarUrl, isName } from "./person.ts";

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
