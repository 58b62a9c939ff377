import type { Key } from "./key.ts";

/**
 * Who an entry is meant for: `"public"`, `"private"`, or restricted with a
 * label. It is only a label: nothing is hidden until a reader passes a
 * {@linkcode VisibilityPolicy}.
 *
 * @typeParam Label The labels that an application uses.
 */
export type Visibility<Label extends string = string> =
  | "public"
  | "private"
  | { readonly restricted: Label };

/**
 * Decides whether a reader may see an entry. It must be a pure function: the
 * same arguments always give the same answer.
 *
 * It receives the subject as well as the label, because people usually see
 * their own entries regardless of the label.
 *
 * @typeParam Label The labels that an application uses.
 * @typeParam Subject The subjects' keys.
 */
export type VisibilityPolicy<
  Label extends string = string,
  Subject extends Key = Key,
> = (visibility: Visibility<Label>, subject: Subject) => boolean;

/**
 * Makes a visibility for the readers who hold a label.
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
 * Reports whether two visibilities are the same.
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
