/**
 * Views of who is where, for any page and any framework: cursors in a text,
 * pointers over an area, who is typing, a stack of avatars; and to follow what
 * somebody sees.
 *
 * @example Pointers in a room
 * ```ts
 * import { LiveClient, type LiveModel } from "@ruthere/presence/client";
 * import { PointerRenderer } from "@ruthere/presence/views";
 *
 * interface Model extends LiveModel {
 *   facets: { name: string; pointer: { x: number; y: number } };
 * }
 * ```
 *
 * @module
 */

export {
  type AvatarPerson,
  AvatarStack,
  type AvatarStackOptions,
} from "./avatar_stack.ts";
export * from "./cursor_renderer.ts";
export * from "./follow.ts";
export * from "./pointer_renderer.ts";
export * from "./typing_indicator.ts";
