import { made, missingFrom, nameOf } from "./elements.ts";
import { adoptStyles } from "./styles.ts";

/** Somebody who is typing. */
export interface TypingPerson {
  /** Who it is. */
  readonly userId: string;
  /** The name, which is never taken for markup. */
  readonly name: string;
}

/** How many people to name; more are counted. */
const MOST_NAMED = 2;

/**
 * A line that says who is typing, in English. While nobody types, it is empty and
 * has the class `hidden`. If its role is `status`, screen readers read it aloud.
 *
 * @example Usage
 * ```ts
 * import { TypingIndicator } from "@ruthere/presence/views";
 *
 * function showAda(line: HTMLElement): void {
 *   const indicator = new TypingIndicator(line);
 *   indicator.updateTyping("ada", "Ada", true); // Ada is typing...
 * }
 * ```
 */
export class TypingIndicator {
  readonly #element: HTMLElement;
  readonly #names = new Map<string, string>();

  /** Makes it in an element of the page: the line. */
  constructor(element: HTMLElement) {
    this.#element = element;
    element.classList.add("typing-indicator");
    adoptStyles(element);
    this.#show();
  }

  /** Shows these people, and no others. The first to type is named first. */
  update(typing: readonly TypingPerson[]): void {
    for (const userId of missingFrom(typing, this.#names)) {
      this.#names.delete(userId);
    }
    for (const person of typing) {
      this.#names.set(person.userId, nameOf(person));
    }
    this.#show();
  }

  /** Updates whether somebody is typing. The first to type is named first. */
  updateTyping(userId: string, name: string, isTyping: boolean): void {
    if (isTyping) this.#names.set(userId, nameOf({ userId, name }));
    else this.#names.delete(userId);
    this.#show();
  }

  #show(): void {
    const names = [...this.#names.values()];
    this.#element.classList.toggle("hidden", names.length === 0);
    const sentence = made("span", "");
    sentence.append(...partsOf(names));
    // In a page that is written from right to left, this is still English.
    sentence.lang = "en";
    sentence.dir = "ltr";
    // A screen reader would read it again.
    if (this.#element.textContent === sentence.textContent) return;
    this.#element.replaceChildren(...names.length === 0 ? [] : [sentence]);
  }
}

function partsOf(names: readonly string[]): (string | HTMLElement)[] {
  const { length } = names;
  if (length > MOST_NAMED) return [`${length} people are typing...`];
  // A name that is written from right to left does not turn the rest.
  const [first, second] = names.map((name) => made("bdi", name));
  if (first === undefined) return [];
  return second === undefined
    ? [first, " is typing..."]
    : [first, " and ", second, " are typing..."];
}
