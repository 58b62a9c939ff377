/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import { VIEWS, viewTest } from "./testing/view_page.ts";

viewTest(
  "views bring their styles along once, past a strict policy",
  async (page) => {
    const seen = await page.evaluate(async (views) => {
      const { AvatarStack, TypingIndicator }: typeof import("./mod.ts") =
        await import(views);
      const before = document.adoptedStyleSheets.length;
      const [list, line] = [
        document.createElement("div"),
        document.createElement("p"),
      ];
      document.body.append(list, line);
      new AvatarStack(list);
      new TypingIndicator(line);
      return [
        before,
        document.adoptedStyleSheets.length,
        getComputedStyle(list).display,
        getComputedStyle(line).visibility,
      ];
    }, VIEWS);
    assertEquals(seen, [0, 1, "flex", "hidden"]);
  },
);

viewTest("views have their styles in a shadow tree too", async (page) => {
  const seen = await page.evaluate(async (views) => {
    const { AvatarStack }: typeof import("./mod.ts") = await import(views);
    const host = document.createElement("div");
    const list = document.createElement("div");
    document.body.append(host);
    host.attachShadow({ mode: "open" }).append(list);
    new AvatarStack(list);
    return [getComputedStyle(list).display, document.adoptedStyleSheets.length];
  }, VIEWS);
  assertEquals(seen, ["flex", 0]);
});

viewTest("views are styled by custom properties", async (page) => {
  const size = await page.evaluate(async (views) => {
    const { AvatarStack }: typeof import("./mod.ts") = await import(views);
    const list = document.createElement("div");
    document.body.append(list);
    document.body.style.setProperty("--ruthere-avatar-size", "50px");
    new AvatarStack(list).update([{ userId: "ada", name: "Ada" }]);
    return list.firstElementChild?.getBoundingClientRect().width;
  }, VIEWS);
  assertEquals(size, 50);
});
