// @ts-check
/// <reference lib="dom" />

import { show } from "../../../client/views/elements.ts";

export { made, place, show } from "../../../client/views/elements.ts";

/**
 * Finds an element of a known kind.
 *
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 * @param {ParentNode} [within]
 * @returns {E}
 * @throws {Error} If there is none.
 */
export function find(selector, kind, within = document) {
  const found = within.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`Cannot find ${selector}: the page has no such element`);
}

/**
 * Copies the only element in a template.
 *
 * @param {string} selector of the template
 * @returns {HTMLElement}
 */
export function copyOf(selector) {
  const { content } = find(selector, HTMLTemplateElement);
  return find("*", HTMLElement, document.importNode(content, true));
}

/**
 * Shows a text, or hides the element if there is none.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function showOrHide(element, text) {
  show(element, text);
  element.hidden = text === "";
}
