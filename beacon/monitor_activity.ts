import type { ActivityMonitor } from "./activity_monitor.ts";

/** A window of a browser, or an event target like one. */
export interface ActivityTarget extends EventTarget {
  /** What the window shows. */
  readonly document: EventTarget & {
    /** `hidden` while nobody can see it. */
    readonly visibilityState: string;
    /** Reports whether keyboard input goes to the document. */
    hasFocus(): boolean;
  };
}

/**
 * Called when the focus changes. Its parameters are those of a document session's
 * `setFocused()`.
 *
 * @param isFocused Whether keyboard input goes to the page.
 * @param how Whether the page is hidden; a hidden page is never focused.
 */
export type FocusListener = (
  isFocused: boolean,
  how: { readonly hidden: boolean },
) => void;

/** The events that are activities, anywhere in the page. */
const ACTIVITIES = [
  "pointermove",
  "pointerdown",
  "keydown",
  "input",
  "wheel",
];

/** Receives events before the page's own listeners can stop them. */
const EARLY = { capture: true, passive: true } as const;

/**
 * Feeds a monitor with the activity in a browser's window.
 *
 * - `pointermove`, `pointerdown`, `keydown`, `input` (dictation presses no keys),
 *   `wheel`, and `focus` of the window are activities. `scroll` is not, because
 *   pages also scroll automatically.
 * - A hidden page (`visibilitychange`) is away at once; a page that is shown again
 *   (`visibilitychange`, `pageshow`) is active.
 * - A page that is left (`pagehide`) stays as it was: a reload looks like a closed
 *   tab, and must not look like somebody who goes away.
 * - `blur` of the window only calls `onFocus`: a page without the focus can still
 *   be read.
 *
 * A page counts as focused and shown at first. If it is not, `onFocus` is called
 * before this function returns.
 *
 * @param target The window.
 * @param monitor The monitor, which is not disposed.
 * @param onFocus Called when the focus changes, or the page is hidden or shown.
 * @returns Removes all listeners when disposed.
 *
 * @example Usage
 * ```ts
 * import { ActivityMonitor, monitorActivity } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * // In a browser this is `window`.
 * const target = Object.assign(new EventTarget(), {
 *   document: Object.assign(new EventTarget(), {
 *     visibilityState: "visible",
 *     hasFocus: () => true,
 *   }),
 * });
 * const told: unknown[] = [];
 * const monitor = new ActivityMonitor({
 *   onChange: (state) => told.push(state),
 * });
 * const listening = monitorActivity(
 *   target,
 *   monitor,
 *   (isFocused, { hidden }) => told.push({ isFocused, hidden }),
 * );
 *
 * target.document.visibilityState = "hidden";
 * target.document.dispatchEvent(new Event("visibilitychange"));
 * assertEquals(told, ["away", { isFocused: false, hidden: true }]);
 *
 * listening[Symbol.dispose]();
 * monitor[Symbol.dispose]();
 * ```
 */
export function monitorActivity(
  target: ActivityTarget,
  monitor: Pick<ActivityMonitor, "active" | "setHidden">,
  onFocus?: FocusListener,
): Disposable {
  const { document } = target;
  let wasFocused = true;
  let wasHidden = false;
  let isLeft = false;

  function set(isFocused: boolean, hidden: boolean): void {
    if (isLeft) return;
    const isNew = isFocused !== wasFocused || hidden !== wasHidden;
    const isTurned = hidden !== wasHidden;
    wasFocused = isFocused;
    wasHidden = hidden;
    if (isTurned) monitor.setHidden(hidden);
    if (isNew) onFocus?.(isFocused, { hidden });
  }
  const isHidden = () => document.visibilityState === "hidden";
  const update = () => set(!isHidden() && document.hasFocus(), isHidden());
  const active = () => monitor.active();
  const focused = () => {
    active();
    set(true, false);
  };

  const listeners: [EventTarget, string, () => void, typeof EARLY?][] = [
    [target, "focus", focused],
    [target, "blur", () => set(false, isHidden())],
    [target, "pagehide", () => isLeft = true],
    [target, "pageshow", () => {
      isLeft = false;
      update();
    }],
    [document, "visibilitychange", update],
  ];
  for (const type of ACTIVITIES) listeners.push([target, type, active, EARLY]);
  for (const [events, ...listener] of listeners) {
    events.addEventListener(...listener);
  }
  update();

  return {
    [Symbol.dispose]: () => {
      for (const [events, ...listener] of listeners) {
        events.removeEventListener(...listener);
      }
    },
  };
}
