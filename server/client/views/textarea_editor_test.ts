/// <reference lib="dom" />

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Page } from "playwright-core";
import { blankTest } from "../../service/page/testing/blank_page.ts";
import { PATIENCE_MS } from "../../service/page/testing/browser.ts";
import { VIEWS } from "./testing/view_page.ts";

/** The area of the page that has the text. */
const CLIP = { x: 0, y: 0, width: 420, height: 320 };

/** A part of a row of pixels. */
type Span = readonly [number, number];

/** A text, and what is selected in it. */
interface Selected {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function test(
  name: string,
  run: (page: Page) => Promise<void>,
  zoom = 1,
): void {
  blankTest(`TextareaEditor ${name}`, async (page) => {
    await page.addStyleTag({
      content: `
        body { margin: 0 }
        .editor { position: relative }
        #text {
          display: block;
          box-sizing: border-box;
          width: 400px;
          height: 320px;
          padding: 20px;
          border: 1px solid;
          font: 16px / 28px serif;
        }
        /* Where the browser knows how to, the caret does not blink. */
        #text { color: transparent; caret-color: #f00; caret-animation: manual }
        #text::selection { background: #0f0; color: transparent }
        .editor { --ruthere-selection-blend: normal }
        .editor .remote-selection { background: #00f }
        .editor .remote-cursor { background: #f00 }
        .editor .remote-cursor::before,
        .editor .cursor-label { display: none }`,
    });
    await run(page);
  }, zoom);
}

/** A text with nothing selected. */
async function put(page: Page, text: string): Promise<void> {
  await page.evaluate((text) => {
    document.body.innerHTML =
      `<div class="editor"><textarea id="text"></textarea></div>`;
    const textarea = document.querySelector("textarea");
    if (textarea === null) throw new Error("no textarea");
    textarea.value = text;
  }, text);
}

/** Returns what the browser of the person who selects shows. */
async function select(page: Page, { text, start, end }: Selected) {
  await put(page, text);
  await page.locator("#text").evaluate((element, [start, end]) => {
    if (!(element instanceof HTMLTextAreaElement)) throw new Error("no text");
    element.setSelectionRange(start, end);
    element.focus();
  }, [start, end] as const);
  const patience = performance.now() + PATIENCE_MS;
  while (true) {
    const shown = await seen(page);
    // A caret blinks.
    if (start !== end || shown.carets.flat().length > 0) return shown;
    if (performance.now() > patience) throw new Error(`no caret at ${start}`);
  }
}

/** Returns what the browsers of others show. */
async function show(page: Page, { text, start, end }: Selected) {
  await put(page, text);
  await page.evaluate(async ([views, start, end]) => {
    const { CursorRenderer, TextareaEditor }: typeof import("./mod.ts") =
      await import(views);
    const textarea = document.querySelector("textarea");
    if (textarea === null) throw new Error("no text");
    const renderer = new CursorRenderer(new TextareaEditor(textarea));
    // Only the offset counts.
    const [anchor, head] = [start, end].map((offset) => ({
      line: 0,
      column: 0,
      offset,
    }));
    if (anchor === undefined || head === undefined) throw new Error("no place");
    renderer.updateCursor({
      userId: "ada",
      name: "Ada",
      color: "#0000ff",
      position: head,
      selection: start === end ? null : { anchor, head },
      isTyping: false,
      lastActive: Infinity,
    });
  }, [VIEWS, start, end] as const);
  return await seen(page);
}

/**
 * What is coloured in the middle of each line, line by line, in pixels of CSS:
 * what is selected is green for the one who selects and blue for others, carets
 * are red.
 */
async function seen(page: Page) {
  const shot = await page.screenshot({ clip: CLIP, caret: "initial" });
  return await page.evaluate(async ([base64, width]) => {
    const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const scale = image.width / width;
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("no canvas");
    context.drawImage(image, 0, 0);
    const spansAt = (y: number, isWanted: (rgb: number[]) => boolean) => {
      const { data } = context.getImageData(0, Math.round(y), image.width, 1);
      const spans: [number, number][] = [];
      for (let x = 0; x < image.width; x++) {
        if (!isWanted([...data.slice(4 * x, 4 * x + 3)])) continue;
        const last = spans.at(-1);
        if (last?.[1] === x / scale) last[1] = (x + 1) / scale;
        else spans.push([x / scale, (x + 1) / scale]);
      }
      return spans;
    };
    // The first line is below a border and an inset.
    const lines = Array.from({ length: 6 }, (_, line) => 21 + 28 * line + 10);
    return {
      selected: lines.map((y) =>
        spansAt(
          y * scale,
          ([r = 0, g = 0, b = 0]) => r < 128 && (g > 128) !== (b > 128),
        )
      ),
      carets: lines.map((y) =>
        spansAt(
          y * scale,
          ([r = 0, g = 0, b = 0]) => r > 128 && g < 128 && b < 128,
        )
      ),
    };
  }, [shot.toString("base64"), CLIP.width] as const);
}

/**
 * Texts, and offsets between letters of two directions. A caret has two places
 * there: others see it at the letter that follows, and at the end of a line at
 * the last one. Where that is, the browser of the writer shows another offset.
 */
const TEXTS: readonly (readonly [string, Readonly<Record<number, number>>])[] =
  [
    ["שלום עולם", { 0: 9, 9: 0 }],
    ["abc שלום def", { 4: 8 }],
    ["שלום 123 עולם", { 0: 13, 8: 5, 13: 0 }],
    ["a\tb\tשלום\tc", { 4: 8 }],
    ["e\u0301x שָׁל 👋🏽 y", { 4: 8 }],
    ["one\n\nשלום\nabc", { 5: 9, 9: 5 }],
    ["one العربية two", { 4: 11 }],
  ];

/** Asserts that others see what the browser of the writer shows, to two pixels. */
function assertSeen(
  found: readonly (readonly Span[])[],
  wanted: readonly (readonly Span[])[],
  message: string,
): void {
  const isSame = found.every((line, index) => {
    const others = wanted[index] ?? [];
    return line.length === others.length &&
      line.flat().every((x, at) => Math.abs(x - (others.flat()[at] ?? 0)) <= 2);
  });
  if (!isSame) assertEquals(found, wanted, message);
}

test("shows a selection as the browser of its person does", async (page) => {
  for (const [text] of TEXTS) {
    const { length } = text;
    for (const [start, end] of [[0, 3], [2, 7], [4, 8], [0, length]] as const) {
      const part = { text, start, end };
      const { selected } = await select(page, part);
      assertGreater(selected.flat().length, 0);
      assertSeen(
        (await show(page, part)).selected,
        selected,
        `${start} to ${end} of ${text}`,
      );
    }
  }
});

test("shows a selection in lines that are wrapped", async (page) => {
  const text = "one two שלום עולם three four ".repeat(4);
  const part = { text, start: 4, end: 99 };
  const { selected } = await select(page, part);
  assertEquals(selected.filter((spans) => spans.length > 0).length, 3);
  const shown = (await show(page, part)).selected;
  // That browser highlights the spaces at the ends of lines, too.
  const lefts = (lines: readonly (readonly Span[])[]) =>
    lines.map((spans) => spans.slice(0, 1).map(([left]): Span => [left, left]));
  assertSeen(lefts(shown), lefts(selected), text);
});

test("shows a caret where the browser of the writer does", async (page) => {
  for (const [text, elsewhere] of TEXTS) {
    const own = [];
    for (let at = 0; at <= text.length; at++) {
      // No caret can be within a surrogate pair.
      const isPlace = text.slice(0, at).isWellFormed();
      const caret = { text, start: at, end: at };
      own.push(isPlace ? (await select(page, caret)).carets : undefined);
    }
    for (const [at, carets] of own.entries()) {
      const wanted = own[elsewhere[at] ?? at];
      if (carets === undefined || wanted === undefined) continue;
      const shown = await show(page, { text, start: at, end: at });
      assertSeen(shown.carets, wanted, `${at} of ${text}`);
    }
  }
});

test("shows a caret before the surrogate pair that it would split", async (page) => {
  const text = "a👋b";
  const [before, within] = [
    await show(page, { text, start: 1, end: 1 }),
    await show(page, { text, start: 2, end: 2 }),
  ];
  assertEquals(within, before);
});

test("shows the same at a zoom", async (page) => {
  const part = { text: "abc שלום def\nשלום", start: 2, end: 15 };
  const caret = { ...part, start: 6, end: 6 };
  const wanted = await select(page, part);
  const wantedCaret = await select(page, caret);
  assertSeen((await show(page, part)).selected, wanted.selected, "selected");
  assertSeen((await show(page, caret)).carets, wantedCaret.carets, "caret");
}, 1.5);

test("shows the same where CSS zooms", async (page) => {
  await page.addStyleTag({ content: ".editor { zoom: 1.25 }" });
  const part = { text: "abc שלום def", start: 2, end: 7 };
  const wanted = await select(page, part);
  assertGreater(wanted.selected.flat().length, 0);
  assertSeen((await show(page, part)).selected, wanted.selected, "selected");
});

test("shows the same in letters, lines and places of other styles", async (page) => {
  await page.addStyleTag({
    content: `
      .editor { margin: 7.5px; padding: 3px }
      #text { font: 20px monospace; letter-spacing: 2px; padding: 5px 30px }`,
  });
  const part = { text: "one two three\nfour five", start: 2, end: 9 };
  const caret = { ...part, start: 20, end: 20 };
  const wanted = await select(page, part);
  const wantedCaret = await select(page, caret);
  assertGreater(wanted.selected.flat().length, 0);
  assertSeen((await show(page, part)).selected, wanted.selected, "selected");
  assertSeen((await show(page, caret)).carets, wantedCaret.carets, "caret");
});

test("lays out the text once for many edits, and keeps the selection", async (page) => {
  await put(page, "a-".repeat(300));
  const measured = await page.evaluate(async (views) => {
    const { TextareaEditor }: typeof import("./mod.ts") = await import(views);
    const textarea = document.querySelector("textarea");
    if (textarea === null) throw new Error("no editor");
    textarea.setSelectionRange(10, 12, "backward");
    const editor = new TextareaEditor(textarea);
    let count = 0;
    const setRangeText = textarea.setRangeText.bind(textarea);
    textarea.setRangeText = (...given: [string]) => {
      count++;
      setRangeText(...given);
    };
    editor.apply(Array.from({ length: 200 }, (_, index) => {
      return { start: index * 3, end: index * 3 + 1, inserted: "xy" };
    }));
    const { anchor, head } = editor.selection;
    const selected = { anchor: anchor.offset, head: head.offset };
    return { count, text: editor.text, selected };
  }, VIEWS);
  assertEquals(measured, {
    count: 1,
    text: "xy-".repeat(200) + "a-".repeat(100),
    selected: { anchor: 18, head: 17 },
  });
});

test("counts each line end once, as a textarea has it", async (page) => {
  await put(page, "abc");
  const found = await page.evaluate(async (views) => {
    const { TextareaEditor }: typeof import("./mod.ts") = await import(views);
    const textarea = document.querySelector("textarea");
    if (textarea === null) throw new Error("no editor");
    textarea.setSelectionRange(1, 2);
    const editor = new TextareaEditor(textarea);
    editor.apply([
      { start: 0, end: 0, inserted: "1\r\n2\r3\n" },
      { start: 6, end: 6, inserted: "\r\n" },
    ]);
    const { text, selection: { anchor, head } } = editor;
    return { text, selected: text.slice(anchor.offset, head.offset) };
  }, VIEWS);
  assertEquals(found, { text: "1\n2\n3\n\nabc", selected: "b" });
});

test("measures a selection of many lines at once", async (page) => {
  await put(page, "ab\n".repeat(500));
  const measured = await page.evaluate(async (views) => {
    const { TextareaEditor }: typeof import("./mod.ts") = await import(views);
    const textarea = document.querySelector("textarea");
    if (textarea === null) throw new Error("no editor");
    let count = 0;
    const range = document.createRange();
    const measure = range.getClientRects.bind(range);
    range.getClientRects = () => {
      count++;
      return measure();
    };
    document.createRange = () => range;
    const editor = new TextareaEditor(textarea);
    const [start, end] = [editor.positionAt(0), editor.positionAt(1_500)];
    const boxes = editor.getBoxes(start, end);
    return { count, lines: boxes.length, wanted: editor.viewport.bottomLine };
  }, VIEWS);
  assert(measured.count < 100, `${measured.count}`);
  assertEquals(measured.lines, measured.wanted + 1);
});
