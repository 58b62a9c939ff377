import { InvalidValueError } from "./errors.ts";
import type { Key } from "./key.ts";

/**
 * Who an entry is meant for: `"public"`, `"private"`, or restricted with a
 * label. It is only a label: nothing is hidden until a reader gives a
 * {@linkcode VisibilityPolicy}.
 *
 * @typeParam Label The labels that an application uses.
 */
export type Visibility<Label extends string = string> =
  | "public"
  | "private"
  | { readonly restricted: Label };

/**
 * Says whether a reader may see an entry. It must be a pure function: what it
 * said of a label once, it says again.
 *
 * Besides the label it is given the subject, because people usually see
 * themselves, whatever the label.
 *
 * @typeParam Label The labels that an application uses.
 * @typeParam Subject The subjects' keys.
 */
export type VisibilityPolicy<
  Label extends string = string,
  Subject extends Key = Key,
> = (visibility: Visibility<Label>, subject: Subject) => boolean;

/**
 * Makes a visibility for those who have been given a label.
 *
 * @typeParam Label The type of the label.
 * @param label The label.
 * @returns The visibility.
 *
 * @example Usage
 * ```ts
 * import { restricted } from "@ruthere/presence/core";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(restricted("doc-members"), { restricted: "doc-members" });
 * ```
 */
export function restricted<const Label extends string>(
  label: Label,
): { readonly restricted: Label } {
  return { restricted: label };
}

/**
 * Tells whether two visibilities are the same.
 *
 * @param a One visibility.
 * @param b The other.
 * @returns `true` if they are of the same kind and carry the same label.
 *
 * @example Usage
 * ```ts
 * import { restricted, sameVisibility } from "@ruthere/presence/core";
 * import { assert, assertFalse } from "@std/assert";
 *
 * assert(sameVisibility(restricted("team"), restricted("team")));
 * assertFalse(sameVisibility(restricted("team"), "public"));
 * ```
 */
export function sameVisibility(a: Visibility, b: Visibility): boolean {
  if (a === b) return true;
  if (typeof a === "string" || typeof b === "string") return false;
  return a.restricted === b.restricted;
}

/**
 * Throws unless a value is a {@linkcode Visibility}.
 *
 * @param value The value to check.
 * @param field The name of the field that holds it, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @throws {InvalidValueError} If the value is not a visibility.
 *
 * @example Usage
 * ```ts
 * import { assertVisibility } from "@ruthere/presence/core";
 * import { assertThrows } from "@std/assert";
 *
 * assertVisibility("public", "visibility", "publish update");
 * assertThrows(() => assertVisibility("secret", "visibility", "publish update"));
 * ```
 */
export function assertVisibility(
  value: unknown,
  field: string,
  action: string,
): asserts value is Visibility {
  if (value === "public" || value === "private") return;
  if (
    typeof value === "object" && value !== null && "restricted" in value &&
    typeof value.restricted === "string"
  ) return;
  throw new InvalidValueError(
    action,
    field,
    `must be "public", "private" or { restricted } with a string`,
    value,
  );
}
