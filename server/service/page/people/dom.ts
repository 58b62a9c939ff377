import { show } from "../../../client/views/elements.ts";

export { made, show } from "../../../client/views/elements.ts";

/** Finds an element of a known kind, and throws if there is none. */
export function find<E extends Element>(
  selector: string,
  kind: new () => E,
  within: ParentNode = document,
): E {
  const found = within.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`Cannot find ${selector}: the page has no such element`);
}

/** Copies the only element in a template. */
export function copyOf(template: string): HTMLElement {
  const { content } = find(template, HTMLTemplateElement);
  return find("*", HTMLElement, document.importNode(content, true));
}

/** Shows a text, or hides the element if there is none. */
export function showOrHide(element: HTMLElement, text: string) {
  show(element, text);
  element.hidden = text === "";
}
