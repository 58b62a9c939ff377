import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ActivityMonitor, monitorActivity } from "./mod.ts";

/** What a listener is added or taken away with. */
interface Listening {
  readonly type: string;
  readonly capture: boolean;
  readonly passive: boolean;
}

/** Events that remember who listens to them. */
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

/** A window that somebody looks at. */
class Window extends Events {
  readonly document = new Document();

  fire(...types: string[]): void {
    for (const type of types) this.dispatchEvent(new Event(type));
  }

  /** Another tab is chosen, or this one again. */
  setHidden(isHidden: boolean): void {
    this.document.visibilityState = isHidden ? "hidden" : "visible";
    this.document.dispatchEvent(new Event("visibilitychange"));
  }
}

/** A window that is monitored, and all that is told. */
function monitored(window = new Window()) {
  const told: string[] = [];
  const monitor = new ActivityMonitor({
    onChange: (state) => told.push(state),
  });
  const listening = monitorActivity(
    window,
    monitor,
    (isFocused, { hidden }) =>
      told.push(
        `${isFocused ? "focused" : "not focused"}, ${
          hidden ? "hidden" : "shown"
        }`,
      ),
  );
  return { window, monitor, told, listening };
}

for (
  const type of ["pointermove", "pointerdown", "keydown", "input", "wheel"]
) {
  Deno.test(`monitorActivity() takes ${type} for an activity`, () => {
    using time = new FakeTime(0);
    const { window, told } = monitored();
    time.tick(20_000);
    window.fire(type);
    time.tick(29_999);
    assertEquals(told, []);
    time.tick(1);
    window.fire(type);
    assertEquals(told, ["idle", "active"]);
  });
}

Deno.test("monitorActivity() takes scroll for none, as pages scroll by themselves", () => {
  using time = new FakeTime(0);
  const { window, told } = monitored();
  time.tick(30_000);
  window.fire("scroll");
  assertEquals(told, ["idle"]);
});

Deno.test("monitorActivity() sees activities before the page does, and holds none up", () => {
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

Deno.test("monitorActivity() tells the focus; losing it is no activity, gaining it is one", () => {
  using time = new FakeTime(0);
  const { window, told } = monitored();
  time.tick(20_000);
  window.fire("blur");
  time.tick(10_000);
  window.fire("focus");
  assertEquals(told, [
    "not focused, shown",
    "idle",
    "active",
    "focused, shown",
  ]);
});

Deno.test("monitorActivity() tells a hidden page away, and active when it is shown", () => {
  using time = new FakeTime(0);
  const { window, told } = monitored();
  window.fire("blur");
  window.setHidden(true);
  time.tick(1_000_000);
  window.setHidden(false);
  window.fire("focus");
  assertEquals(told, [
    "not focused, shown",
    "away",
    "not focused, hidden",
    "active",
    "focused, shown",
  ]);
});

Deno.test("monitorActivity() knows that a page may be shown and not focused", () => {
  using _time = new FakeTime(0);
  const { window, told } = monitored();
  window.setHidden(true);
  window.document.isFocused = false;
  window.setHidden(false);
  assertEquals(told.slice(2), ["active", "not focused, shown"]);
  window.fire("focus");
  assertEquals(told.slice(4), ["focused, shown"]);
});

Deno.test("monitorActivity() takes a page that gains the focus for shown", () => {
  using _time = new FakeTime(0);
  const { window, told } = monitored();
  window.setHidden(true);
  window.fire("focus");
  window.setHidden(false);
  assertEquals(told.slice(2), ["active", "focused, shown"]);
});

Deno.test("monitorActivity() takes a page that is left for hidden until it is back", () => {
  using _time = new FakeTime(0);
  const { window, told } = monitored();
  window.fire("pagehide");
  assertEquals(told, ["away", "not focused, hidden"]);
  window.fire("pageshow");
  assertEquals(told.slice(2), ["active", "focused, shown"]);
});

Deno.test("monitorActivity() tells nothing twice", () => {
  using _time = new FakeTime(0);
  const { window, told } = monitored();
  window.fire("pageshow", "focus", "focus");
  assertEquals(told, []);
  window.fire("blur", "blur");
  window.setHidden(true);
  window.fire("blur", "pagehide");
  window.setHidden(true);
  assertEquals(told, ["not focused, shown", "away", "not focused, hidden"]);
});

Deno.test("monitorActivity() tells at once how a page begins that is not focused, or hidden", () => {
  using _time = new FakeTime(0);
  const window = new Window();
  window.document.isFocused = false;
  assertEquals(monitored(window).told, ["not focused, shown"]);
  window.document.visibilityState = "hidden";
  assertEquals(monitored(window).told, ["away", "not focused, hidden"]);
});

Deno.test("monitorActivity() needs nobody who listens to the focus", () => {
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

Deno.test("monitorActivity() leaves no listener behind, and the monitor as it is", () => {
  using time = new FakeTime(0);
  const { window, monitor, told, listening } = monitored();
  assertEquals(window.listening.length, 9);
  assertEquals(window.document.listening.length, 1);
  listening[Symbol.dispose]();
  listening[Symbol.dispose]();
  assertEquals(window.listening, []);
  assertEquals(window.document.listening, []);
  window.fire("keydown", "blur");
  window.setHidden(true);
  time.tick(30_000);
  assertEquals(told, ["idle"]);
  monitor.active();
  assertEquals(told, ["idle", "active"]);
});
