/// <reference lib="dom" />

/**
 * A page with one of the editors on Yjs. The query says which, whose it is, in
 * which room, and where the cursor is at first. The text is the same in all pages.
 *
 * @module
 */

import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { schema } from "prosemirror-schema-basic";
import { EditorState as ProseState, TextSelection } from "prosemirror-state";
import { EditorView as ProseView } from "prosemirror-view";
import Quill from "quill";
import QuillCursors from "quill-cursors";
import { yCollab } from "y-codemirror.next";
import { initProseMirrorDoc, yCursorPlugin, ySyncPlugin } from "y-prosemirror";
import { QuillBinding } from "y-quill";
import {
  applyUpdate,
  Doc,
  encodeStateAsUpdate,
  XmlElement,
  XmlText,
} from "yjs";
import { LiveClient } from "../../mod.ts";
import { Awareness, type AwarenessModel } from "../awareness.ts";

/** The name and the place of each cursor of others. */
export type Carets = [name: string, at: number][];

/** What tests do with an editor. */
interface Editor {
  /** Puts the cursor somewhere, as a person does. */
  put(at: number): void;
  /** Returns the cursors that it shows. */
  carets(): Carets;
}

declare global {
  /** The editor of the page. */
  var editor: Editor;
  /** How many cursors there were after each change that one could see. */
  var counts: number[];
}

const TEXT = "Who is here right now?";

/** Returns a document with a text that has the same history in all pages. */
function seededDoc(): Doc {
  const seed = new Doc();
  seed.clientID = 1;
  seed.getText("text").insert(0, TEXT);
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [new XmlText(TEXT)]);
  seed.getXmlFragment("prose").insert(0, [paragraph]);
  const doc = new Doc();
  applyUpdate(doc, encodeStateAsUpdate(seed));
  return doc;
}

/** Finds the cursors in the page: each has its name in an element of its own. */
function caretsIn(
  parent: Element,
  caret: string,
  name: string,
  placeOf: (element: Element) => number,
): Carets {
  return [...parent.querySelectorAll(caret)].map((element) => [
    element.querySelector(name)?.textContent ?? "",
    placeOf(element),
  ]);
}

function codeMirror(parent: Element, doc: Doc, awareness: Awareness): Editor {
  const text = doc.getText("text");
  const state = EditorState.create({
    doc: text.toString(),
    extensions: [yCollab(text, awareness)],
  });
  const view = new EditorView({ state, parent });
  return {
    put(anchor) {
      view.focus();
      view.dispatch({ selection: { anchor } });
    },
    carets: () =>
      caretsIn(
        parent,
        ".cm-ySelectionCaret",
        ".cm-ySelectionInfo",
        (caret) => view.posAtDOM(caret),
      ),
  };
}

function proseMirror(
  parent: Element,
  doc: Doc,
  awareness: Awareness<Doc>,
): Editor {
  const fragment = doc.getXmlFragment("prose");
  const { doc: prose, mapping } = initProseMirrorDoc(fragment, schema);
  const plugins = [
    ySyncPlugin(fragment, { mapping }),
    yCursorPlugin(awareness),
  ];
  const state = ProseState.create({ doc: prose, plugins });
  const view = new ProseView(parent, { state });
  return {
    put(at) {
      view.focus();
      // A paragraph begins before its text.
      const place = TextSelection.create(view.state.doc, at + 1);
      view.dispatch(view.state.tr.setSelection(place));
    },
    carets: () =>
      caretsIn(
        parent,
        ".ProseMirror-yjs-cursor",
        "div",
        (caret) => view.posAtDOM(caret, 0) - 1,
      ),
  };
}

function quill(
  parent: HTMLElement,
  doc: Doc,
  awareness: Awareness<Doc>,
): Editor {
  Quill.register("modules/cursors", QuillCursors);
  const quill = new Quill(parent, { modules: { cursors: true } });
  new QuillBinding(doc.getText("text"), quill, awareness);
  return {
    put: (at) => quill.setSelection(at, 0),
    carets: () =>
      caretsIn(
        parent,
        ".ql-cursor",
        ".ql-cursor-name",
        (caret) => placeIn(quill, caret),
      ),
  };
}

/** Returns the place in the text that a cursor is drawn at. */
function placeIn(quill: Quill, caret: Element): number {
  const line = caret.querySelector<HTMLElement>(".ql-cursor-caret-container");
  const left = parseFloat(line?.style.left ?? "");
  const distances = Array.from(
    { length: quill.getLength() },
    (_, at) => Math.abs((quill.getBounds(at)?.left ?? NaN) - left),
  );
  return distances.indexOf(Math.min(...distances));
}

const EDITORS = new Map([
  ["codemirror", codeMirror],
  ["prosemirror", proseMirror],
  ["quill", quill],
]);

const query = new URLSearchParams(location.search);
const name = query.get("name") ?? "";
const client = new LiveClient<AwarenessModel>({
  url: location.origin,
  subject: name.toLowerCase(),
});
const doc = seededDoc();
const room = client.room(query.get("room") ?? "");
const awareness = new Awareness(room, doc);
awareness.setLocalStateField("user", { name, color: "#3063b8" });
const make = EDITORS.get(query.get("editor") ?? "");
const parent = document.createElement("main");
document.body.append(parent);
if (make === undefined) throw new Error("There is no such editor");
globalThis.editor = make(parent, doc, awareness);
globalThis.counts = [];
new MutationObserver(() => counts.push(editor.carets().length))
  .observe(parent, { childList: true, subtree: true, characterData: true });
editor.put(Number(query.get("at")));
