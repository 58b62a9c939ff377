import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { MAX_LENGTH, readDraft, SharedText } from "./shared_text.js";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 200);

Deno.test("a shared text is what was written last", () => {
  const [ada, bob] = [new SharedText("ada", "-"), new SharedText("bob", "-")];
  ada.write("one");
  assertEquals(bob.receive(ada.draft), true);
  bob.write("two");
  assertEquals(ada.receive(bob.draft), true);
  assertEquals(ada.draft, { text: "two", version: 2, writer: "bob" });
  assertEquals(ada.receive(bob.draft), false);
});

Deno.test("of two texts written at once both sides keep the same", () => {
  const [ada, bob] = [new SharedText("ada", "-"), new SharedText("bob", "-")];
  ada.write("one");
  bob.write("two");
  const [former, latter] = [ada.draft, bob.draft];
  assertEquals(ada.receive(latter), true);
  assertEquals(bob.receive(former), false);
  assertEquals([ada.draft.text, bob.draft.text], ["two", "two"]);
});

Deno.test("a shared text becomes the same for all, in whatever order it is told (property)", () => {
  const step = fc.record({ writer: fc.nat(2), hears: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), fc.infiniteStream(fc.nat()), (steps, order) => {
      const tabs = ["a", "b", "c"].map((self) => new SharedText(self, "-"));
      const drafts = steps.flatMap(({ writer, hears }, index) => {
        const tab = tabs[writer];
        tab?.write(`text ${index}`);
        const draft = tab?.draft;
        if (draft === undefined) return [];
        // Some are told at once, all of them later.
        if (hears) tabs.forEach((tab) => tab.receive(draft));
        return [draft];
      });
      for (const tab of tabs) {
        const left = [...drafts];
        while (left.length > 0) {
          const { value } = order.next();
          const [draft] = left.splice(value % left.length, 1);
          if (draft !== undefined) tab.receive(draft);
        }
      }
      const [first, ...others] = tabs.map(({ draft }) => draft);
      for (const other of others) assertEquals(other, first);
    }),
    { numRuns },
  );
});

Deno.test("readDraft() takes a draft, and nothing that is none", () => {
  const draft = { text: "one\n", version: 3, writer: "ada" };
  assertEquals(readDraft({ ...draft, sender: {} }), draft);
  const bad = [
    null,
    "one",
    [],
    {},
    { ...draft, text: 1 },
    { ...draft, text: "x".repeat(MAX_LENGTH + 1) },
    { ...draft, text: "one\r\ntwo" },
    { ...draft, version: 0 },
    { ...draft, version: 1.5 },
    { ...draft, version: "4" },
    { ...draft, version: Number.MAX_SAFE_INTEGER },
    { ...draft, writer: null },
  ];
  for (const value of bad) assertEquals(readDraft(value), undefined);
});
