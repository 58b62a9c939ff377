/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { colorOf } from "./color.ts";
import type { CursorPosition, CursorSelection, RemoteCursor } from "./mod.ts";
import { glideSlowly, VIEWS, viewTest } from "./testing/view_page.ts";

type Step =
  | { readonly update: RemoteCursor }
  | { readonly all: readonly RemoteCursor[] }
  | { readonly look: true }
  | { readonly remove: string }
  | { readonly scroll: number };

interface Seen {
  readonly cursors: readonly {
    readonly user: string | undefined;
    readonly label: string;
    readonly elements: number;
    readonly classes: string[];
    readonly left: string;
    readonly top: string;
    readonly height: string;
    readonly direction: string;
    readonly background: string;
    readonly ink: string;
  }[];
  readonly selections: readonly string[];
}

/**
 * What is seen after some steps in an editor of letters that are 10 pixels wide
 * and 20 high, in a container of 400 by 100.
 */
function seenAfter(page: Page, steps: readonly Step[]): Promise<Seen> {
  return page.evaluate(async ([views, steps]) => {
    const module: typeof import("./mod.ts") = await import(views);
    const container = document.createElement("div");
    container.style.position = "relative";
    container.style.width = "400px";
    container.style.height = "100px";
    document.body.replaceChildren(container);
    let scrolled = 0;
    const renderer = new module.CursorRenderer({
      container,
      getCoordinates: ({ line, column }) => ({
        left: column * 10,
        top: line * 20 - scrolled,
        height: 20,
      }),
      // A box for each line, and no box where nothing is selected.
      getBoxes: (start, end) =>
        Array.from({ length: end.line - start.line + 1 }, (_, index) => {
          const line = start.line + index;
          const left = line === start.line ? start.column * 10 : 0;
          const right = line === end.line ? end.column * 10 : 400;
          return {
            left,
            top: line * 20 - scrolled,
            width: right - left,
            height: 20,
          };
        }).filter(({ width }) => width > 0),
    });
    for (const step of steps) {
      if ("update" in step) renderer.updateCursor(step.update);
      else if ("remove" in step) renderer.removeCursor(step.remove);
      else if ("all" in step) renderer.update(step.all);
      else if ("look" in step) container.getAnimations({ subtree: true });
      else {
        scrolled = step.scroll;
        renderer.refresh();
      }
    }
    const all = (
      selector: string,
    ) => [...container.querySelectorAll<HTMLElement>(selector)];
    return {
      cursors: all(".remote-cursor").map((element) => {
        const label = element.querySelector(".cursor-label");
        if (label === null) throw new Error("no label");
        return {
          user: element.dataset.user,
          label: label.textContent ?? "",
          elements: label.querySelectorAll("*").length,
          classes: [...element.classList].filter((name) =>
            name.startsWith("is-")
          ),
          left: element.style.left,
          top: element.style.top,
          height: element.style.height,
          direction: getComputedStyle(label).direction,
          background: getComputedStyle(label).backgroundColor,
          ink: getComputedStyle(label).color,
        };
      }),
      selections: all(".remote-selection").map(({ style }) =>
        [style.left, style.top, style.width, style.height].join(" ")
      ).sort(),
    };
  }, [VIEWS, steps] as const);
}

/** A place in a text whose lines have 40 letters. */
function at(line: number, column: number): CursorPosition {
  return { line, column, offset: line * 41 + column };
}

function selection(
  anchor: CursorPosition,
  head: CursorPosition,
): CursorSelection {
  return { anchor, head };
}

const ADA: RemoteCursor = {
  userId: "ada",
  name: "Ada",
  color: "#123456",
  position: at(2, 3),
  isTyping: false,
  lastActive: Infinity,
};

viewTest(
  "CursorRenderer shows a cursor with a label where the editor says",
  async (page) => {
    const { cursors, selections } = await seenAfter(page, [{ update: ADA }]);
    assertEquals(cursors, [{
      user: "ada",
      label: "Ada",
      elements: 0,
      classes: [],
      left: "30px",
      top: "40px",
      height: "20px",
      direction: "ltr",
      background: "rgb(18, 52, 86)",
      ink: "rgb(255, 255, 255)",
    }]);
    assertEquals(selections, []);
  },
);

viewTest(
  "CursorRenderer moves a cursor, and shows one for each person",
  async (page) => {
    const { cursors } = await seenAfter(page, [
      { update: ADA },
      { update: { ...ADA, userId: "bob", name: "Bob" } },
      { update: { ...ADA, position: at(3, 7), name: "Countess" } },
    ]);
    assertEquals(
      cursors.map(({ label, left, top }) => [label, left, top]),
      [["Countess", "70px", "60px"], ["Bob", "30px", "40px"]],
    );
  },
);

viewTest(
  "CursorRenderer shows a name that looks like markup as it is",
  async (page) => {
    const name = "<img src=x onerror=alert(1)>";
    const { cursors } = await seenAfter(page, [{ update: { ...ADA, name } }]);
    assertEquals(cursors[0]?.label, name);
    assertEquals(cursors[0]?.elements, 0);
  },
);

viewTest(
  "CursorRenderer writes names in black or white, whichever is readable",
  async (page) => {
    const inks = [];
    for (const color of ["hsl(60, 70%, 50%)", "hsl(240, 70%, 50%)"]) {
      const { cursors } = await seenAfter(page, [{
        update: { ...ADA, color },
      }]);
      inks.push(cursors[0]?.ink);
    }
    assertEquals(inks, ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]);
  },
);

viewTest("CursorRenderer ignores malformed colours", async (page) => {
  const color = "red; position: fixed";
  const { cursors } = await seenAfter(page, [{ update: { ...ADA, color } }]);
  const hex = colorOf("ada");
  const parts = [1, 3, 5].map((start) =>
    parseInt(hex.slice(start, start + 2), 16)
  );
  assertEquals(cursors[0]?.background, `rgb(${parts.join(", ")})`);
});

viewTest(
  "CursorRenderer highlights a selection in one line, forward or backward",
  async (page) => {
    const [from, to] = [at(1, 2), at(1, 6)];
    for (const selected of [selection(from, to), selection(to, from)]) {
      const { selections } = await seenAfter(page, [
        { update: { ...ADA, position: selected.head, selection: selected } },
      ]);
      assertEquals(selections, ["20px 20px 40px 20px"]);
    }
  },
);

viewTest(
  "CursorRenderer highlights a selection of several lines",
  async (page) => {
    const two = selection(at(0, 30), at(1, 5));
    const four = selection(at(4, 5), at(1, 30));
    const update = { ...ADA, position: four.head };
    const seen = await seenAfter(page, [
      { update: { ...update, selection: two } },
      { update: { ...update, selection: four } },
    ]);
    assertEquals(seen.selections, [
      "0px 40px 400px 20px",
      "0px 60px 400px 20px",
      "0px 80px 50px 20px",
      "300px 20px 100px 20px",
    ]);
    const less = await seenAfter(page, [
      { update: { ...update, selection: four } },
      { update: { ...update, selection: two } },
    ]);
    assertEquals(less.selections, [
      "0px 20px 50px 20px",
      "300px 0px 100px 20px",
    ]);
  },
);

viewTest(
  "CursorRenderer highlights neither an empty selection nor one that has ended",
  async (page) => {
    const selected = selection(at(1, 2), at(1, 6));
    const { selections } = await seenAfter(page, [
      { update: { ...ADA, selection: selected } },
      { update: { ...ADA, selection: null } },
      {
        update: {
          ...ADA,
          userId: "bob",
          selection: selection(at(1, 2), at(1, 2)),
        },
      },
    ]);
    assertEquals(selections, []);
  },
);

viewTest(
  "CursorRenderer removes a cursor with its label and selection",
  async (page) => {
    const selected = selection(at(1, 2), at(3, 6));
    const { cursors, selections } = await seenAfter(page, [
      { update: { ...ADA, selection: selected } },
      { remove: "ada" },
      { remove: "ada" },
      { remove: "nobody" },
    ]);
    assertEquals([cursors, selections], [[], []]);
  },
);

viewTest(
  "CursorRenderer moves cursors with the text, and hides what is out of it",
  async (page) => {
    const classes = [];
    const tops = [];
    for (const scroll of [0, 30, 61]) {
      const { cursors } = await seenAfter(page, [{ update: ADA }, { scroll }]);
      classes.push(cursors[0]?.classes);
      tops.push(cursors[0]?.top);
    }
    assertEquals(tops, ["40px", "10px", "-21px"]);
    // Near the upper edge the label hangs below.
    assertEquals(classes, [[], ["is-below"], ["is-out", "is-below"]]);
  },
);

viewTest(
  "CursorRenderer keeps a label within the right edge",
  async (page) => {
    const { cursors } = await seenAfter(page, [
      { update: { ...ADA, position: at(2, 39) } },
    ]);
    assertEquals(cursors[0]?.classes, ["is-leftward"]);
  },
);

viewTest(
  "CursorRenderer marks people who are typing, and people who have done nothing for long",
  async (page) => {
    const { cursors } = await seenAfter(page, [
      { update: { ...ADA, isTyping: true, lastActive: Date.now() } },
      { update: { ...ADA, userId: "bob", lastActive: Date.now() - 30_000 } },
    ]);
    assertEquals(cursors.map(({ classes }) => classes), [
      ["is-typing"],
      ["is-faint"],
    ]);
  },
);

viewTest(
  "CursorRenderer shows a name while its cursor moves or its person types",
  async (page) => {
    const seen = await page.evaluate(async ([views, ada]) => {
      const { CursorRenderer }: typeof import("./mod.ts") = await import(views);
      const container = document.createElement("div");
      document.body.append(container);
      const renderer = new CursorRenderer({
        container,
        getCoordinates: () => ({ left: 0, top: 0, height: 20 }),
        getBoxes: () => [],
      });
      const seen: string[] = [];
      const look = (change: object) => {
        renderer.updateCursor({ ...ada, ...change });
        const label = container.querySelector(".cursor-label");
        if (label === null) throw new Error("no label");
        seen.push(getComputedStyle(label).opacity);
        for (const fading of label.getAnimations()) fading.finish();
        seen.push(getComputedStyle(label).opacity);
      };
      look({ lastMoved: 1 });
      look({ lastMoved: 1, lastActive: 5 });
      look({ lastMoved: 2 });
      look({ lastMoved: 3, isTyping: true });
      look({ lastMoved: 3 });
      look({});
      return seen;
    }, [VIEWS, ADA] as const);
    assertEquals(seen, [
      ...["1", "0"],
      ...["0", "0"],
      ...["1", "0"],
      ...["1", "1"],
      ...["1", "0"],
      ...["1", "1"],
    ]);
  },
);

viewTest(
  "CursorRenderer writes a name from right to left, and its ellipsis at the end of it",
  async (page) => {
    const { cursors } = await seenAfter(page, [
      { update: { ...ADA, name: "דנה", isTyping: true } },
    ]);
    assertEquals(cursors[0]?.direction, "rtl");
  },
);

viewTest(
  "CursorRenderer.update() shows these cursors, and no others",
  async (page) => {
    const bob = { ...ADA, userId: "bob", name: "Bob" };
    const { cursors } = await seenAfter(page, [
      { update: { ...ADA, userId: "cyd", name: "Cyd" } },
      { update: ADA },
      { all: [{ ...ADA, position: at(3, 7) }, bob] },
    ]);
    assertEquals(
      cursors.map(({ label, left }) => [label, left]),
      [["Ada", "70px"], ["Bob", "30px"]],
    );
  },
);

/** Where the cursor is seen when half of the time is over that it needs. */
async function seenHalfway(
  page: Page,
  steps: readonly Step[],
): Promise<number> {
  await glideSlowly(page);
  await seenAfter(page, steps);
  return await page.evaluate(() => {
    const cursor = document.querySelector(".remote-cursor");
    if (cursor === null) throw new Error("no cursor");
    for (const animation of cursor.getAnimations()) {
      animation.pause();
      const { duration } = animation.effect?.getComputedTiming() ?? {};
      animation.currentTime = Number(duration) / 2;
    }
    return parseFloat(getComputedStyle(cursor).left);
  });
}

viewTest(
  "CursorRenderer: a cursor that somebody moves glides to its new place",
  async (page) => {
    const moved = { ...ADA, position: at(2, 7) };
    assertEquals(await seenHalfway(page, [{ update: ADA }]), 30);
    const steps = [{ update: ADA }, { look: true }, { update: moved }] as const;
    assertEquals(await seenHalfway(page, steps), 50);
    // Nothing glides for people who do not want motion.
    await page.emulateMedia({ reducedMotion: "reduce" });
    assertEquals(await seenHalfway(page, steps), 70);
  },
);

viewTest(
  "CursorRenderer: a cursor that the text moves stays beside its letters",
  async (page) => {
    const first = { ...ADA, lastMoved: 1 };
    const edited = { ...first, position: at(2, 7) };
    assertEquals(
      await seenHalfway(page, [
        { update: first },
        { look: true },
        { update: edited },
      ]),
      70,
    );
    // Scrolling ends a movement.
    assertEquals(
      await seenHalfway(page, [
        { update: first },
        { look: true },
        { update: { ...edited, lastMoved: 2 } },
        { look: true },
        { scroll: 20 },
      ]),
      70,
    );
  },
);
