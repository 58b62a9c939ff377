import { initialsOf } from "../../../client/views/avatar_stack.ts";
import { paintAs } from "../../../client/views/color.ts";
import { find, made, show, showOrHide } from "./dom.ts";

/** A person as both pages show them. */
export interface Person {
  readonly id: string;
  readonly name: string;
  /** Another one than that of the id. */
  readonly color?: string;
  /** The one who looks. */
  readonly you: boolean;
  /** Seen by nobody else. */
  readonly invisible?: boolean;
  /** Expected back after a restart of the service. */
  readonly isReturning: boolean;
}

const MOST_NAMED = 3;

/** Puts an "and" between people, and no comma before it. */
const LIST = new Intl.ListFormat("en-GB");

/** Shows in a sentence who is here. */
export function showHeadline(headline: HTMLElement, people: readonly Person[]) {
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

/** Orders people: oneself first, the others by name. */
export function inOrder(a: Person, b: Person): number {
  return Number(b.you) - Number(a.you) ||
    a.name.localeCompare(b.name, undefined, { numeric: true }) ||
    (a.id < b.id ? -1 : 1);
}

/**
 * Shows one element for each item, in order, and nothing else in the list. An item
 * that is shown already keeps its element.
 */
export function showList<T extends { readonly id: string }>(
  list: HTMLElement,
  items: readonly T[],
  make: () => HTMLElement,
  fill: (element: HTMLElement, item: T) => void,
) {
  const ids = new Set(items.map(({ id }) => id));
  const shown = new Map<string, HTMLElement>();
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

/** Fills in the parts of an item that the lists of both pages have. */
export function showWho(item: HTMLElement, person: Person) {
  const { id, name, you, invisible = false, isReturning } = person;
  item.toggleAttribute("data-you", you);
  item.toggleAttribute("data-invisible", invisible);
  item.toggleAttribute("data-returning", isReturning);
  const avatar = find(".avatar", HTMLElement, item);
  show(avatar, initialsOf(name));
  paintAs(avatar, { ...person, userId: id });
  show(find(".name", HTMLElement, item), name);
  const own = invisible ? "you, invisible" : "you";
  const tag = you ? own : isReturning ? "reconnecting" : "";
  showOrHide(find(".tag", HTMLElement, item), tag);
}
