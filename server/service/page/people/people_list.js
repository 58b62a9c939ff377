// @ts-check
/// <reference lib="dom" />

import { initialsOf } from "../../../client/views/avatar_stack.ts";
import { paintAs } from "../../../client/views/color.ts";
import { find, made, show, showOrHide } from "./dom.js";

/**
 * A person as both pages show them.
 *
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {string} [color] another one than that of the id
 * @property {boolean} you the one who looks
 * @property {boolean} [invisible] seen by nobody else
 * @property {boolean} [held] expected back after a lost connection
 */

const MOST_NAMED = 3;

/** Puts an "and" between people, and no comma before it. */
const LIST = new Intl.ListFormat("en-GB");

/**
 * Shows who is here in a sentence.
 *
 * @param {HTMLElement} headline
 * @param {readonly Person[]} people in order
 */
export function showHeadline(headline, people) {
  const rest = people.length > MOST_NAMED + 1 ? people.slice(MOST_NAMED) : [];
  const named = people.slice(0, people.length - rest.length);
  const names = named.map(({ name, you }) => you ? "You" : name);
  if (rest.length > 0) names.push(`${rest.length} others`);
  if (people.length === 0) names.push("Nobody");
  const left = [...named];
  const parts = LIST.formatToParts(names).map(({ type, value }) => {
    const person = type === "element" ? left.shift() : undefined;
    if (person === undefined) return value;
    const who = made("b", value);
    paintAs(who, { ...person, userId: person.id });
    return who;
  });
  const isAlone = people.length === 1 && people[0]?.you;
  const verb = people.length > 1 || isAlone ? "are" : "is";
  const end = ` ${verb} here${isAlone ? ", on your own" : ""}.`;
  const next = document.importNode(headline, false);
  next.append(...parts, end);
  if (!next.isEqualNode(headline)) headline.replaceChildren(...next.childNodes);
}

/**
 * Orders people: oneself first, the others by name.
 *
 * @param {Person} a
 * @param {Person} b
 */
export function inOrder(a, b) {
  return Number(b.you) - Number(a.you) ||
    a.name.localeCompare(b.name, undefined, { numeric: true }) ||
    (a.id < b.id ? -1 : 1);
}

/**
 * Shows one element for each item, in order. An item that is shown already keeps
 * its element.
 *
 * @template {{ id: string }} T
 * @param {HTMLElement} list holds nothing but these elements
 * @param {readonly T[]} items
 * @param {() => HTMLElement} make
 * @param {(element: HTMLElement, item: T) => void} fill
 */
export function showList(list, items, make, fill) {
  const ids = new Set(items.map(({ id }) => id));
  /** @type {Map<string | undefined, HTMLElement>} */
  const shown = new Map();
  for (const element of list.querySelectorAll(":scope > [data-id]")) {
    if (!(element instanceof HTMLElement)) continue;
    const { id = "" } = element.dataset;
    if (ids.has(id)) shown.set(id, element);
    else element.remove();
  }
  for (const [index, item] of items.entries()) {
    const element = shown.get(item.id) ?? make();
    element.dataset.id = item.id;
    fill(element, item);
    const there = list.children[index];
    if (there !== element) list.insertBefore(element, there ?? null);
  }
}

/**
 * Fills in the parts of an item that the lists of both pages have.
 *
 * @param {HTMLElement} item
 * @param {Person} person
 */
export function showWho(item, person) {
  const { id, name, you, invisible = false, held = false } = person;
  item.toggleAttribute("data-you", you);
  item.toggleAttribute("data-invisible", invisible);
  item.toggleAttribute("data-held", held);
  const avatar = find(".avatar", HTMLElement, item);
  show(avatar, initialsOf(name));
  paintAs(avatar, { ...person, userId: id });
  show(find(".name", HTMLElement, item), name);
  const own = invisible ? "you, invisible" : "you";
  showOrHide(
    find(".tag", HTMLElement, item),
    held ? "reconnecting" : you ? own : "",
  );
}
