import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ActivityMonitor, monitorActivity } from "./mod.ts";

/** The arguments that a listener is added with. */
interface Listening {
  readonly type: string;
  readonly capture: boolean;
  readonly passive: boolean;
}

/** An event target that records its listeners. */
class Events extends EventTarget {
  readonly listening: Listening[] = [];

  override addEventListener(
    type: string,
    listener: () => void,
    options: { capture?: boolean; passive?: boolean } = {},
  ): void {
    const { capture = false, passive = false } = options;
    this.listening.push({ type, capture, passive });
    super.addEventListener(type, listener, options);
  }

  override removeEventListener(
    type: string,
    listener: () => void,
    options: { capture?: boolean } = {},
  ): void {
    const { capture = false } = options;
    const index = this.listening.findIndex((one) =>
      one.type === type && one.capture === capture
    );
    this.listening.splice(index, 1);
    super.removeEventListener(type, listener, options);
  }
}

class Document extends Events {
  visibilityState = "visible";
  isFocused = true;

  hasFocus(): boolean {
    return this.isFocused;
  }
}

/** A window in use. */
class Window extends Events {
  readonly document = new Document();

  fire(...types: string[]): void {
    for (const type of types) this.dispatchEvent(new Event(type));
  }

  /** Switches to another tab, or back to this one. */
  setHidden(isHidden: boolean): void {
    this.document.visibilityState = isHidden ? "hidden" : "visible";
    this.document.dispatchEvent(new Event("visibilitychange"));
  }
}

/** A monitored window, and all that is reported. */
function monitored(window = new Window()) {
  const reported: string[] = [];
  const monitor = new ActivityMonitor({
    onChange: (state) => reported.push(state),
  });
  const listening = monitorActivity(
    window,
    monitor,
    (isFocused, { hidden }) =>
      reported.push(
        `${isFocused ? "focused" : "not focused"}, ${
          hidden ? "hidden" : "shown"
        }`,
      ),
  );
  return { window, monitor, reported, listening };
}

for (
  const type of ["pointermove", "pointerdown", "keydown", "input", "wheel"]
) {
  Deno.test(`monitorActivity() treats ${type} as an activity`, () => {
    using time = new FakeTime(0);
    const { window, reported } = monitored();
    time.tick(20_000);
    window.fire(type);
    time.tick(29_999);
    assertEquals(reported, []);
    time.tick(1);
    window.fire(type);
    assertEquals(reported, ["idle", "active"]);
  });
}

Deno.test("monitorActivity() ignores scroll, as pages also scroll automatically", () => {
  using time = new FakeTime(0);
  const { window, reported } = monitored();
  time.tick(30_000);
  window.fire("scroll");
  assertEquals(reported, ["idle"]);
});

Deno.test("monitorActivity() sees activities before the page does, without delaying them", () => {
  using _time = new FakeTime(0);
  const { window } = monitored();
  const early = window.listening.filter(({ capture }) => capture);
  assertEquals(early.map(({ type }) => type), [
    "pointermove",
    "pointerdown",
    "keydown",
    "input",
    "wheel",
  ]);
  assert(early.every(({ passive }) => passive));
});

Deno.test("monitorActivity() reports the focus; gaining it is an activity, losing it is not", () => {
  using time = new FakeTime(0);
  const { window, reported } = monitored();
  time.tick(20_000);
  window.fire("blur");
  time.tick(10_000);
  window.fire("focus");
  assertEquals(reported, [
    "not focused, shown",
    "idle",
    "active",
    "focused, shown",
  ]);
});

Deno.test("monitorActivity() reports a hidden page as away, and a shown one as active", () => {
  using time = new FakeTime(0);
  const { window, reported } = monitored();
  window.fire("blur");
  window.setHidden(true);
  time.tick(1_000_000);
  window.setHidden(false);
  window.fire("focus");
  assertEquals(reported, [
    "not focused, shown",
    "away",
    "not focused, hidden",
    "active",
    "focused, shown",
  ]);
});

Deno.test("monitorActivity() handles a page that is shown but not focused", () => {
  using _time = new FakeTime(0);
  const { window, reported } = monitored();
  window.setHidden(true);
  window.document.isFocused = false;
  window.setHidden(false);
  assertEquals(reported.slice(2), ["active", "not focused, shown"]);
  window.fire("focus");
  assertEquals(reported.slice(4), ["focused, shown"]);
});

Deno.test("monitorActivity() treats a page that gains the focus as shown", () => {
  using _time = new FakeTime(0);
  const { window, reported } = monitored();
  window.setHidden(true);
  window.fire("focus");
  window.setHidden(false);
  assertEquals(reported.slice(2), ["active", "focused, shown"]);
});

Deno.test("monitorActivity() reports nothing of a page that is left until it returns", () => {
  using _time = new FakeTime(0);
  const { window, reported } = monitored();
  // As a browser does for a reload.
  window.fire("pagehide", "blur");
  window.setHidden(true);
  assertEquals(reported, []);
  window.setHidden(false);
  window.fire("pageshow");
  assertEquals(reported, []);
  window.setHidden(true);
  assertEquals(reported, ["away", "not focused, hidden"]);
});

Deno.test("monitorActivity() reports nothing twice", () => {
  using _time = new FakeTime(0);
  const { window, reported } = monitored();
  window.fire("pageshow", "focus", "focus");
  assertEquals(reported, []);
  window.fire("blur", "blur");
  window.setHidden(true);
  window.fire("blur");
  window.setHidden(true);
  assertEquals(reported, ["not focused, shown", "away", "not focused, hidden"]);
});

Deno.test("monitorActivity() reports at once that a page starts unfocused or hidden", () => {
  using _time = new FakeTime(0);
  const window = new Window();
  window.document.isFocused = false;
  assertEquals(monitored(window).reported, ["not focused, shown"]);
  window.document.visibilityState = "hidden";
  assertEquals(monitored(window).reported, ["away", "not focused, hidden"]);
});

Deno.test("monitorActivity() works without onFocus", () => {
  using _time = new FakeTime(0);
  const window = new Window();
  const states: string[] = [];
  const monitor = new ActivityMonitor({
    onChange: (state) => states.push(state),
  });
  monitorActivity(window, monitor);
  window.fire("blur");
  window.setHidden(true);
  window.setHidden(false);
  assertEquals(states, ["away", "active"]);
});

Deno.test("monitorActivity() leaves no listener behind, and does not dispose the monitor", () => {
  using time = new FakeTime(0);
  const { window, monitor, reported, listening } = monitored();
  assertEquals(window.listening.length, 9);
  assertEquals(window.document.listening.length, 1);
  listening[Symbol.dispose]();
  listening[Symbol.dispose]();
  assertEquals(window.listening, []);
  assertEquals(window.document.listening, []);
  window.fire("keydown", "blur");
  window.setHidden(true);
  time.tick(30_000);
  assertEquals(reported, ["idle"]);
  monitor.active();
  assertEquals(reported, ["idle", "active"]);
});
