// @ts-check
/// <reference lib="dom" />

import { paint } from "../../../client/views/color.ts";
import { find, show, showOrHide } from "./dom.js";
import { initialsOf } from "../../../client/views/avatar_stack.ts";

/**
 * A person as the page that shows them knows them.
 *
 * @typedef {import("./person.js").Person & {
 *   you: boolean, invisible: boolean, held: boolean }} ShownPerson `you`: the one
 * who looks; `invisible`: only they see it; `held`: expected back after a lost
 * connection
 */

/**
 * Shows one element for each item, in order. An item that is shown already keeps
 * its element.
 *
 * @template {{ key: string }} T
 * @param {HTMLElement} list holds nothing but these elements
 * @param {readonly T[]} items
 * @param {() => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} fill
 */
export function showList(list, items, make, fill) {
  const shown = new Map(
    [...list.children].flatMap((element) =>
      element instanceof HTMLElement ? [[element.dataset.key, element]] : []
    ),
  );
  const elements = items.map((item) => {
    const element = shown.get(item.key) ?? make();
    shown.delete(item.key);
    element.dataset.key = item.key;
    fill(element, item);
    return element;
  });
  for (const element of shown.values()) element.remove();
  for (const [index, element] of elements.entries()) {
    const there = list.children[index];
    if (there !== element) list.insertBefore(element, there ?? null);
  }
}

/**
 * Fills in the parts of an item that the lists of both pages have.
 *
 * @param {HTMLElement} item
 * @param {ShownPerson} person
 */
export function showWho(item, { name, color, you, held, invisible }) {
  item.toggleAttribute("data-you", you);
  item.toggleAttribute("data-invisible", invisible);
  item.toggleAttribute("data-held", held);
  const avatar = find(".avatar", HTMLElement, item);
  show(avatar, initialsOf(name));
  paint(avatar, color);
  show(find(".name", HTMLElement, item), name);
  const own = invisible ? "you, invisible" : "you";
  const tag = held ? "reconnecting" : you ? own : "";
  showOrHide(find(".tag", HTMLElement, item), tag);
}
