import type { ActivityMonitor } from "./activity_monitor.ts";

/** Where events come from: the part of `EventTarget` that is needed. */
export interface ActivityEvents {
  /** Adds a listener, as in the DOM. */
  addEventListener(
    type: string,
    listener: () => void,
    options?: { capture?: boolean; passive?: boolean },
  ): void;
  /** Takes a listener away, as in the DOM. */
  removeEventListener(
    type: string,
    listener: () => void,
    options?: { capture?: boolean },
  ): void;
}

/** What is listened to: a `window` is one. */
export interface ActivityTarget extends ActivityEvents {
  /** What the window shows. */
  readonly document: ActivityEvents & {
    /** `hidden` while nobody can see it. */
    readonly visibilityState: string;
    /** Whether keys go there. */
    hasFocus(): boolean;
  };
}

/**
 * Told when the focus changes. Its parameters are those of a document session's
 * `setFocused()`.
 *
 * @param isFocused Whether keys go to the page.
 * @param how Whether the page is hidden; then it is not focused either.
 */
export type FocusListener = (
  isFocused: boolean,
  how: { readonly hidden: boolean },
) => void;

/** What somebody does, wherever in the page they do it. */
const ACTIVITIES = [
  "pointermove",
  "pointerdown",
  "keydown",
  "input",
  "wheel",
];

/** Sees events before the page's own listeners can stop them. */
const EARLY = { capture: true, passive: true } as const;

/**
 * Listens to what somebody does in a browser's window, and tells a monitor.
 *
 * - `pointermove`, `pointerdown`, `keydown`, `input` (what is dictated has no
 *   keys), `wheel`, and `focus` of the window are activities. `scroll` is none,
 *   because pages scroll by themselves too.
 * - A page that is hidden (`visibilitychange`, `pagehide`) is away at once; one
 *   that is shown again (`visibilitychange`, `pageshow`) is active.
 * - `blur` of the window is only told to `onFocus`: what is not focused can
 *   still be read.
 *
 * A page counts as focused and shown until something else is known; if it
 * begins otherwise, that is told before the call returns.
 *
 * @param target The window.
 * @param monitor What is told of activities and of hiding. It is not disposed.
 * @param onFocus Told when the focus changes, or the page is hidden or shown.
 * @returns What takes all listeners away again.
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
  monitor: ActivityMonitor,
  onFocus?: FocusListener,
): Disposable {
  const { document } = target;
  let wasFocused = true;
  let wasHidden = false;

  function note(isFocused: boolean, hidden: boolean): void {
    const isNew = isFocused !== wasFocused || hidden !== wasHidden;
    const isTurned = hidden !== wasHidden;
    wasFocused = isFocused;
    wasHidden = hidden;
    if (isTurned) monitor.setHidden(hidden);
    if (isNew) onFocus?.(isFocused, { hidden });
  }
  const isHidden = () => document.visibilityState === "hidden";
  const look = () => note(!isHidden() && document.hasFocus(), isHidden());
  const active = () => monitor.active();

  const listeners: [ActivityEvents, string, () => void][] = [
    [target, "focus", () => {
      active();
      note(true, false);
    }],
    [target, "blur", () => note(false, isHidden())],
    [target, "pagehide", () => note(false, true)],
    [target, "pageshow", look],
    [document, "visibilitychange", look],
  ];
  for (const type of ACTIVITIES) {
    target.addEventListener(type, active, EARLY);
  }
  for (const [events, type, listener] of listeners) {
    events.addEventListener(type, listener);
  }
  look();

  return {
    [Symbol.dispose]: () => {
      for (const type of ACTIVITIES) {
        target.removeEventListener(type, active, EARLY);
      }
      for (const [events, type, listener] of listeners) {
        events.removeEventListener(type, listener);
      }
    },
  };
}
