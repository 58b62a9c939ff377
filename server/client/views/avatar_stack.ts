import { assertNoOtherOptions } from "../../../core/assert.ts";
import { InvalidValueError } from "../../../core/mod.ts";
import { paintAs } from "./color.ts";
import { made, missingFrom, nameOf, show } from "./elements.ts";
import { adoptStyles } from "./styles.ts";

/** Somebody in an `AvatarStack`. */
export interface AvatarPerson {
  /** Who it is. */
  readonly userId: string;
  /** The name, which is shown as initials, and whole to screen readers. */
  readonly name: string;
  /**
   * Their colour: `#rrggbb` or `hsl(210, 70%, 50%)`.
   *
   * @default {the one that documents give this person}
   */
  readonly color?: string | undefined;
  /** The URL of a picture, by `http` or `https`; a relative one is allowed. */
  readonly avatarUrl?: string | null | undefined;
}

/** How an `AvatarStack` shows people. */
export interface AvatarStackOptions {
  /**
   * How many people to show; more are counted, as in "+3".
   *
   * @default {5}
   */
  readonly max?: number | undefined;
}

/**
 * Shows who is here: a picture or initials of each person, as a list. Each person
 * has an element of the class `avatar-stack-person`.
 *
 * @example Usage
 * ```ts
 * import { AvatarStack } from "@ruthere/presence/views";
 *
 * function showPeople(element: HTMLElement): void {
 *   const stack = new AvatarStack(element, { max: 3 });
 *   stack.update([{ userId: "ada", name: "Ada", color: "#10695b" }]);
 * }
 * ```
 */
export class AvatarStack {
  readonly #element: HTMLElement;
  readonly #max: number;
  readonly #rest: HTMLElement;
  readonly #drawn = new Map<string, DrawnAvatar>();

  /**
   * Makes it in an empty element of the page, such as a `div`, whose `aria-label`
   * says what it lists.
   *
   * @throws {InvalidValueError} If an option is invalid or unknown.
   */
  constructor(element: HTMLElement, options: AvatarStackOptions = {}) {
    const { max = 5, ...others } = options;
    const action = "create avatar stack";
    assertNoOtherOptions(others, action);
    if (!Number.isSafeInteger(max) || max < 1) {
      const rule = "must be a whole number of one or more";
      throw new InvalidValueError(action, "max", rule, max);
    }
    this.#max = max;
    this.#element = element;
    this.#rest = made("span", "", "avatar-stack-rest");
    this.#rest.role = "listitem";
    this.#rest.dir = "ltr";
    element.role = "list";
    element.classList.add("avatar-stack");
    adoptStyles(element);
  }

  /**
   * Shows these people in this order, and no others. Somebody who is shown already
   * keeps their element.
   */
  update(people: readonly AvatarPerson[]): void {
    const unique = new Map(people.map((person) => [person.userId, person]));
    const shown = [...unique.values()].slice(0, this.#max);
    for (const userId of missingFrom(shown, this.#drawn)) {
      this.#drawn.get(userId)?.element.remove();
      this.#drawn.delete(userId);
    }
    const items = shown.map((person) => {
      const drawn = this.#drawn.get(person.userId) ?? new DrawnAvatar();
      this.#drawn.set(person.userId, drawn);
      drawn.show(person);
      return drawn.element;
    });
    const rest = unique.size - shown.length;
    show(this.#rest, `+${rest}`);
    if (rest > 0) items.push(this.#rest);
    else this.#rest.remove();
    for (const [index, item] of items.entries()) {
      const there = this.#element.children[index];
      if (there !== item) this.#element.insertBefore(item, there ?? null);
    }
  }
}

/** The elements of one person. */
class DrawnAvatar {
  readonly element: HTMLElement = made("span", "", "avatar-stack-person");
  readonly #face = made("span", "");
  readonly #initials = made("span", "");
  #picture: HTMLImageElement | undefined;
  #url: string | undefined;

  constructor() {
    this.element.role = "listitem";
    this.#face.role = "img";
    this.#face.append(this.#initials);
    this.element.append(this.#face);
  }

  show(person: AvatarPerson): void {
    const name = nameOf(person);
    paintAs(this.element, person);
    show(this.#initials, initialsOf(name));
    this.#face.ariaLabel = name;
    this.#face.title = name;
    const url = safeUrl(person.avatarUrl);
    if (url === this.#url) return;
    this.#url = url;
    this.#picture?.remove();
    this.#picture = url === undefined ? undefined : madePicture(url);
    if (this.#picture !== undefined) this.#face.append(this.#picture);
  }
}

/** Makes a picture that covers the initials, unless it can't be loaded. */
function madePicture(url: string): HTMLImageElement {
  const picture = made("img", "");
  picture.alt = "";
  picture.referrerPolicy = "no-referrer";
  picture.addEventListener("error", () => picture.remove());
  picture.src = url;
  return picture;
}

function safeUrl(url: unknown): string | undefined {
  if (typeof url !== "string" || url === "") return undefined;
  if (!URL.canParse(url, document.baseURI)) return undefined;
  const { href, protocol } = new URL(url, document.baseURI);
  return /^https?:$/.test(protocol) ? href : undefined;
}

/** Returns the initials of a name. */
export function initialsOf(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const [first = "?"] = words;
  const last = words.length > 1 ? words.at(-1) ?? "" : "";
  // Arabic letters would join into what looks like a word.
  const joint = /\p{Script=Arabic}/u.test(last) ? "\u200c" : "";
  return [first, last].map((word) => [...word][0] ?? "").join(joint)
    .toUpperCase();
}
