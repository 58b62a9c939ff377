/**
 * Views of who is where, for any page and any framework: cursors in a text,
 * pointers over an area, who is typing, a stack of avatars; and to follow what
 * somebody sees.
 *
 * @example Who is in a room, and where they point
 * ```ts
 * import { LiveClient, type LiveModel } from "@ruthere/presence/client";
 * import {
 *   AvatarStack,
 *   PointerRenderer,
 *   trackPointer,
 * } from "@ruthere/presence/views";
 *
 * interface Model extends LiveModel {
 *   facets: { name: string; pointer: { x: number; y: number } };
 * }
 *
 * function show(client: LiveClient<Model>, list: HTMLElement, area: HTMLElement) {
 *   const room = client.room("board", { facets: { name: "Ada" } });
 *   const avatars = new AvatarStack(list);
 *   const pointers = new PointerRenderer(area);
 *   trackPointer(area, (pointer) => room.update({ pointer }));
 *   room.others.subscribe((others) => {
 *     const people = others.map(({ id, facets }) => ({
 *       userId: id,
 *       name: facets.name ?? id,
 *       pointer: facets.pointer,
 *     }));
 *     avatars.update(people);
 *     pointers.update(
 *       people.flatMap(({ pointer, ...person }) =>
 *         pointer ? [{ ...person, ...pointer }] : []
 *       ),
 *     );
 *   });
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
export type { TextEdit } from "./text_edit.ts";
export * from "./textarea_editor.ts";
export * from "./track_pointer.ts";
export * from "./typing_indicator.ts";
