/// <reference lib="dom" />

import { Awareness, type AwarenessModel } from "@ruthere/presence/awareness";
import { LiveClient } from "@ruthere/presence/client";
import { basicSetup, EditorView } from "codemirror";
import { yCollab } from "y-codemirror.next";
import { Doc } from "yjs";
import { syncDoc } from "./sync_doc.ts";

const COLORS = ["#b3541e", "#2b6cb0", "#2f855a", "#8a4fb3", "#b83280"];

const client = new LiveClient<AwarenessModel>({ url: location.origin });
const room = client.room("text");
const doc = new Doc();
syncDoc(doc, room);

const awareness = new Awareness(room, doc);
const guest = doc.clientID % 1_000;
awareness.setLocalStateField("user", {
  name: new URLSearchParams(location.search).get("name") ?? `Guest ${guest}`,
  color: COLORS[guest % COLORS.length],
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
