import {
  assert,
  assertEquals,
  assertFalse,
  assertNotEquals,
} from "@std/assert";
import { restricted, type Visibility } from "../../core/mod.ts";
import { rightsKey } from "../internal.ts";
import {
  OMNISCIENT_VIEWER,
  PUBLIC_VIEWER,
  type Viewer,
  viewerPolicy,
} from "../mod.ts";

const LABELS: Visibility[] = [
  "public",
  "private",
  restricted("team"),
  restricted("all"),
  restricted("public"),
];

/** Returns the indexes of the labels that a viewer sees of a subject. */
function seen(viewer: Viewer, subject = "somebody"): number[] {
  const visible = viewerPolicy(viewer);
  return [...LABELS.keys()].filter((index) => visible(LABELS[index]!, subject));
}

Deno.test("viewerPolicy() shows public entries to every viewer", () => {
  assertEquals(seen(PUBLIC_VIEWER), [0]);
  assertEquals(seen(OMNISCIENT_VIEWER), [0, 1, 2, 3, 4]);
});

Deno.test("viewerPolicy() shows restricted entries by their labels", () => {
  assertEquals(seen({ restricted: ["team"], private: false }), [0, 2]);
  assertEquals(seen({ restricted: ["all"], private: false }), [0, 3]);
  assertEquals(seen({ restricted: "all", private: false }), [0, 2, 3, 4]);
});

Deno.test("viewerPolicy() shows private entries by a separate right", () => {
  assertEquals(seen({ restricted: [], private: true }), [0, 1]);
  assertEquals(seen({ restricted: ["private"], private: false }), [0]);
});

Deno.test("viewerPolicy() shows viewers their own entries", () => {
  const viewer: Viewer = { ...PUBLIC_VIEWER, subject: "me" };
  assertEquals(seen(viewer, "me"), [0, 1, 2, 3, 4]);
  assertEquals(seen(viewer), [0]);
  assertEquals(seen(PUBLIC_VIEWER, "undefined"), [0]);
  assertFalse(viewerPolicy({ ...PUBLIC_VIEWER, subject: 1 })("private", "1"));
  assert(viewerPolicy({ ...PUBLIC_VIEWER, subject: "" })("private", ""));
});

Deno.test("viewerPolicy() copies the rights of the viewer", () => {
  const viewer = { restricted: ["a"], private: false, subject: "me" };
  const visible = viewerPolicy(viewer);
  viewer.restricted.push("team");
  viewer.private = true;
  viewer.subject = "somebody";
  assertFalse(visible(restricted("team"), "somebody"));
  assertFalse(visible("private", "somebody"));
  assert(visible("private", "me"));
});

Deno.test("rightsKey() is equal for equal rights, and for no others", () => {
  const rights: Viewer[] = [
    PUBLIC_VIEWER,
    OMNISCIENT_VIEWER,
    { restricted: [], private: true },
    { restricted: "all", private: false },
    { restricted: ["all"], private: false },
    { restricted: ["a", "b"], private: false },
    { restricted: ["a,b"], private: false },
    { restricted: ['a","b'], private: false },
    { restricted: ["a"], private: false },
    { restricted: [""], private: false },
  ];
  assertEquals(new Set(rights.map(rightsKey)).size, rights.length);
  assertEquals(
    rightsKey({ restricted: ["b", "a", "b"], private: false }),
    rightsKey({ restricted: ["a", "b"], private: false }),
  );
});

Deno.test("rightsKey() ignores the subject, and does not change the viewer", () => {
  const restricted = ["b", "a"];
  const viewer: Viewer = { restricted, private: false, subject: "me" };
  assertEquals(rightsKey(viewer), rightsKey({ ...viewer, subject: "you" }));
  assertNotEquals(rightsKey(viewer), rightsKey(PUBLIC_VIEWER));
  assertEquals(restricted, ["b", "a"]);
});
