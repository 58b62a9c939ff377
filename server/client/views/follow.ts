/** What somebody sees of something that scrolls. */
export interface ScrolledView {
  /** How far it is scrolled, from 0 to 100. */
  readonly scrollPercentage: number;
}

/** A scroller that follows somebody. */
export interface Following {
  /**
   * Scrolls to what they see. Does nothing for `null`, and after the end.
   *
   * @param view What they see: `viewport` of somebody in a document, or what their
   * `scrolledView()` returned.
   */
  show(view: ScrolledView | null | undefined): void;
  /** Ends it. Does nothing the second time. */
  end(): void;
}

/** Keys that scroll, in a field to its caret. */
const KEYS = [
  "ArrowUp",
  "ArrowDown",
  "ArrowLeft",
  "ArrowRight",
  "PageUp",
  "PageDown",
  "Home",
  "End",
  " ",
];

/** How far a mouse may move while it clicks, in pixels. */
const CLICK = 5;

const REDUCED = "(prefers-reduced-motion: reduce)";

/** Receives events before the page's own listeners can stop them. */
const EARLY = { capture: true, passive: true } as const;

/**
 * Follows what somebody sees, until the user scrolls with a wheel, a finger, a key,
 * or the scroll bar. Writing ends it too, since browsers then scroll to the cursor.
 * So does dragging, also to select text, since they scroll near an edge. A scroll by
 * a script does not end it.
 *
 * @param scroller What scrolls; for a page, `document.documentElement`.
 * @param onEnd Called once, when the user scrolls or `end()` is called.
 * @returns Shows what they see.
 *
 * @example Usage
 * ```ts
 * import { follow } from "@ruthere/presence/views";
 *
 * function followAda(scroller: HTMLElement, button: HTMLElement): void {
 *   const following = follow(scroller, () => button.hidden = true);
 *   button.addEventListener("click", () => following.end());
 *   following.show({ scrollPercentage: 50 }); // whenever it changes
 * }
 * ```
 */
export function follow(
  scroller: HTMLElement,
  onEnd?: () => void,
): Following {
  const listening = new AbortController();
  const { signal } = listening;
  const end = () => {
    if (signal.aborted) return;
    listening.abort();
    onEnd?.();
  };
  /** Ends it with an event that scrolls. */
  const endWith = <T extends keyof GlobalEventHandlersEventMap>(
    target: GlobalEventHandlers,
    type: T,
    scrolls: (event: GlobalEventHandlersEventMap[T]) => boolean = () => true,
  ) =>
    target.addEventListener(type, (event) => {
      if (scrolls(event)) end();
    }, { ...EARLY, signal });
  // With the control key, a wheel zooms.
  endWith(scroller, "wheel", ({ ctrlKey }) => !ctrlKey);
  endWith(scroller, "touchmove");
  endWith(scroller, "keydown", ({ key }) => KEYS.includes(key));
  // The focus has moved to something, and the browser scrolls to that.
  endWith(scroller, "keyup", ({ key }) => key === "Tab");
  endWith(scroller, "input");
  endWith(scroller, "pointerdown", (event) => isOnScrollBar(scroller, event));

  // While nothing has the focus, keys scroll what was pressed last. Nobody knows
  // what that was before.
  let isPressed = true;
  let [x, y] = [NaN, NaN];
  document.addEventListener("pointerdown", (event) => {
    isPressed = event.composedPath().includes(scroller);
    [x, y] = [event.clientX, event.clientY];
  }, { ...EARLY, signal });
  endWith(
    document,
    "keydown",
    ({ key, target }) =>
      isPressed && target === document.body && KEYS.includes(key),
  );
  endWith(
    document,
    "pointermove",
    ({ buttons, clientX, clientY }) =>
      isPressed && buttons === 1 &&
      Math.hypot(clientX - x, clientY - y) > CLICK,
  );

  return {
    show(view) {
      const percentage: unknown = view?.scrollPercentage;
      // Others may send anything.
      if (typeof percentage !== "number" || signal.aborted) return;
      const { matches: isReduced } = matchMedia(REDUCED);
      scroller.scrollTo({
        top: percentage / 100 * hiddenHeightOf(scroller),
        behavior: isReduced ? "instant" : "smooth",
      });
    },
    end,
  };
}

/** Returns what the user sees of something that scrolls, to be published. */
export function scrolledView(scroller: HTMLElement): ScrolledView {
  const hidden = hiddenHeightOf(scroller);
  const percentage = hidden <= 0 ? 0 : scroller.scrollTop / hidden * 100;
  return { scrollPercentage: Math.min(100, Math.max(0, percentage)) };
}

function hiddenHeightOf({ scrollHeight, clientHeight }: Element): number {
  return scrollHeight - clientHeight;
}

function isOnScrollBar(scroller: Element, event: PointerEvent): boolean {
  if (event.target !== scroller) return false;
  const { clientLeft, clientTop, clientWidth, clientHeight } = scroller;
  const isPage = scroller === document.documentElement;
  const { left, top } = isPage
    ? { left: 0, top: 0 }
    : scroller.getBoundingClientRect();
  const [x, y] = [event.clientX - left, event.clientY - top];
  return x < clientLeft || x >= clientLeft + clientWidth ||
    y < clientTop || y >= clientTop + clientHeight;
}
