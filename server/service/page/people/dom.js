// @ts-check
/// <reference lib="dom" />

/**
 * An element that the page has, of the kind that it is known to be.
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
 * A copy of the only element in a template.
 *
 * @param {string} selector of the template
 * @returns {HTMLElement}
 */
export function copyOf(selector) {
  const { content } = find(selector, HTMLTemplateElement);
  const copy = document.importNode(content, true).firstElementChild;
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`Cannot copy ${selector}: it is empty`);
}

/**
 * Shows a text, and leaves the page alone where it shows it already.
 *
 * @param {Element} element
 * @param {string} text
 */
export function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * An element with a text in it.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} text
 * @param {string} [className]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function made(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className !== "") element.className = className;
  return element;
}
