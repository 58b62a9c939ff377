/// <reference lib="dom" />

/**
 * A page with one of the editors on Yjs. The query says which, whose it is, in
 * which room, and where the cursor is at first. The text is the same in all pages.
 *
 * @module
 */

import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import {
  createBinding,
  initLocalState,
  type Provider,
  syncCursorPositions,
  syncLexicalUpdateToYjs,
  syncYjsChangesToLexical,
} from "@lexical/yjs";
import { Editor as TipTap } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { Document } from "@tiptap/extension-document";
import { Paragraph } from "@tiptap/extension-paragraph";
import { Text } from "@tiptap/extension-text";
import { $getRoot, $isTextNode, createEditor } from "lexical";
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
  Map as SharedMap,
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

const COLOR = "#3063b8";
const TEXT = "Who is here right now?";

/** Fills a document with a text that has the same history in all pages. */
function fill(doc: Doc): void {
  const seed = new Doc();
  seed.clientID = 1;
  seed.getText("text").insert(0, TEXT);
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [new XmlText(TEXT)]);
  seed.getXmlFragment("prose").insert(0, [paragraph]);
  const ofLexical = new XmlText();
  seed.get("root", XmlText).insertEmbed(0, ofLexical);
  ofLexical.setAttribute("__type", "paragraph");
  const text = new SharedMap(Object.entries({ __type: "text", __format: 0 }));
  ofLexical.insertEmbed(0, text);
  ofLexical.insert(1, TEXT);
  applyUpdate(doc, encodeStateAsUpdate(seed));
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

function tipTap(parent: Element, doc: Doc, awareness: Awareness): Editor {
  const editor = new TipTap({
    element: parent,
    extensions: [
      Document,
      Paragraph,
      Text,
      Collaboration.configure({ document: doc, field: "prose" }),
      CollaborationCaret.configure({
        provider: { awareness },
        user: { name, color: COLOR },
      }),
    ],
  });
  return {
    put: (at) => editor.chain().focus().setTextSelection(at + 1).run(),
    carets: () =>
      caretsIn(
        parent,
        ".collaboration-carets__caret",
        ".collaboration-carets__label",
        (caret) => editor.view.posAtDOM(caret, 0) - 1,
      ),
  };
}

function lexical(parent: HTMLElement, doc: Doc, awareness: Awareness): Editor {
  const editor = createEditor({
    onError(error) {
      throw error;
    },
  });
  const root = document.createElement("div");
  const cursors = document.createElement("div");
  root.contentEditable = "true";
  parent.append(root, cursors);
  editor.setRootElement(root);
  const provider: Provider = {
    // @ts-expect-error: Lexical demands fields of all states, and so refuses the
    // class of y-protocols, too.
    awareness,
    connect() {},
    disconnect() {},
    on() {},
    off() {},
  };
  const docs = new Map([["doc", doc]]);
  const binding = createBinding(editor, provider, "doc", doc, docs);
  binding.cursorsContainer = cursors;
  editor.registerUpdateListener((update) =>
    syncLexicalUpdateToYjs(
      binding,
      provider,
      update.prevEditorState,
      update.editorState,
      update.dirtyElements,
      update.dirtyLeaves,
      update.normalizedNodes,
      update.tags,
    )
  );
  binding.root.getSharedType().observeDeep((events, { origin }) => {
    if (origin === binding) return;
    syncYjsChangesToLexical(binding, provider, events, false);
  });
  awareness.on("update", () => syncCursorPositions(binding, provider));
  initLocalState(provider, name, COLOR, true, {});
  fill(doc);
  return {
    put: (at) =>
      // Lexical takes the text soon.
      queueMicrotask(() => {
        root.focus();
        editor.update(() => {
          const text = $getRoot().getFirstDescendant();
          if ($isTextNode(text)) text.select(at, at);
        }, { discrete: true });
      }),
    carets: () =>
      [...binding.cursors.values()].flatMap(({ name, selection }) =>
        selection === null ? [] : [[name, selection.focus.offset]]
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
  ["tiptap", tipTap],
  ["lexical", lexical],
]);

const query = new URLSearchParams(location.search);
const name = query.get("name") ?? "";
const client = new LiveClient<AwarenessModel>({
  url: location.origin,
  subject: name.toLowerCase(),
});
const doc = new Doc();
const room = client.room(query.get("room") ?? "");
const awareness = new Awareness(room, doc);
awareness.setLocalStateField("user", { name, color: COLOR });
const kind = query.get("editor") ?? "";
// Lexical takes a text only as a change.
if (kind !== "lexical") fill(doc);
const make = EDITORS.get(kind);
const parent = document.createElement("main");
document.body.append(parent);
if (make === undefined) throw new Error("There is no such editor");
/** The editor of the page. */
export const editor: Editor = make(parent, doc, awareness);
/** How many cursors there were after each change that one could see. */
export const counts: number[] = [];
new MutationObserver(() => counts.push(editor.carets().length))
  .observe(parent, { childList: true, subtree: true, characterData: true });
editor.put(Number(query.get("at")));
