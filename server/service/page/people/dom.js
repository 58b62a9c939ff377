// @ts-check
/// <reference lib="dom" />

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
  const copy = document.importNode(content, true).firstElementChild;
  if (copy instanceof HTMLElement) return copy;
  throw new Error(`Cannot copy ${selector}: it is empty`);
}

/**
 * Shows a text. Does nothing if it is shown already.
 *
 * @param {Element} element
 * @param {string} text
 */
export function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
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

/**
 * Moves or resizes an element.
 *
 * @param {HTMLElement} element
 * @param {Readonly<Record<string, number>>} lengths such as `left`, in pixels
 */
export function place(element, lengths) {
  for (const [name, length] of Object.entries(lengths)) {
    element.style.setProperty(name, `${length}px`);
  }
}

/**
 * Makes an element with a text in it.
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
