/// <reference lib="dom" />

import { Awareness, type AwarenessModel } from "@ruthere/presence/awareness";
import { LiveClient } from "@ruthere/presence/client";
import { basicSetup, EditorView } from "codemirror";
import { yCollab } from "y-codemirror.next";
import { Doc } from "yjs";
import { syncDoc } from "./sync_doc.ts";

const client = new LiveClient<AwarenessModel>({ url: location.origin });
const room = client.room("text");
const doc = new Doc();
syncDoc(doc, room);

const awareness = new Awareness(room, doc);
awareness.setLocalStateField("user", {
  name: new URLSearchParams(location.search).get("name") ??
    `Guest ${doc.clientID % 1_000}`,
  // Dark, and another one for each: CodeMirror tells cursors apart by it.
  color: `#${(doc.clientID & 0x7f7f7f).toString(16).padStart(6, "0")}`,
});

const parent = document.querySelector("main") ?? document.body;
new EditorView({
  extensions: [basicSetup, yCollab(doc.getText(), awareness)],
  parent,
});

// Who is here, the cursors aside.
const people = document.querySelector("#people");
room.others.subscribe((others) =>
  people?.replaceChildren(`Here: you and ${others.length} more`)
);
