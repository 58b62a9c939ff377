/** Makes an element with a text in it, which is never taken for markup. */
export function made<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  text: string,
  className = "",
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className !== "") element.className = className;
  return element;
}

/** Shows a text. Does nothing if it is shown already. */
export function show(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Returns a name: the id if somebody has sent none, or something else as one. */
export function nameOf(
  { userId, name }: { readonly userId: string; readonly name: unknown },
): string {
  return typeof name === "string" ? name : userId;
}

/** Returns the ids of people who are known and not in a list. */
export function missingFrom(
  people: readonly { readonly userId: string }[],
  known: ReadonlyMap<string, unknown>,
): string[] {
  const userIds = new Set(people.map(({ userId }) => userId));
  return [...known.keys()].filter((userId) => !userIds.has(userId));
}

/** Moves or resizes an element: lengths such as `left`, in pixels. */
export function place(
  element: HTMLElement,
  lengths: Readonly<Record<string, number>>,
): void {
  for (const [name, length] of Object.entries(lengths)) {
    element.style.setProperty(name, `${length}px`);
  }
}

/**
 * Makes the label of somebody's cursor. A name that is written from right to left
 * begins at the right, and is cut at its end.
 */
export function madeLabel(): HTMLElement {
  const label = made("div", "", "cursor-label");
  label.dir = "auto";
  return label;
}
