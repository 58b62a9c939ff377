import type { Room } from "@ruthere/presence/client";
import {
  applyUpdate,
  type Doc,
  encodeStateAsUpdate,
  encodeStateVector,
} from "yjs";

/**
 * Keeps a document the same in all pages of a room, by broadcasts. A page that
 * joins says what it has. Each other page answers with what it lacks, and gets
 * what it lacks itself. Nothing stores the text, and an update may have 48 kB: in
 * an application, a server for Yjs does this, and the room is for the cursors.
 *
 * @param doc The document.
 * @param room The room.
 */
export function syncDoc(doc: Doc, room: Room<unknown, unknown>): void {
  const { clientID } = doc;
  const vector = () => textOf(encodeStateVector(doc));
  const updateSince = (theirs: unknown) =>
    encodeStateAsUpdate(doc, bytesOf(theirs));

  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== room) room.broadcast("doc", { update: textOf(update) });
  });
  room.status.subscribe(({ type }) => {
    if (type === "live") room.broadcast("ask", { vector: vector(), clientID });
  });
  room.on("ask", ({ payload: { vector: theirs, clientID: to = null } }) => {
    const update = textOf(updateSince(theirs));
    room.broadcast("doc", { update, vector: vector(), to });
  });
  room.on("doc", ({ payload: { update, vector: theirs, to } }) => {
    applyUpdate(doc, bytesOf(update), room);
    if (to !== clientID) return;
    const lacking = updateSince(theirs);
    // An update of two bytes says nothing.
    if (lacking.length > 2) room.broadcast("doc", { update: textOf(lacking) });
  });
}

function textOf(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function bytesOf(text: unknown): Uint8Array {
  return Uint8Array.from(atob(String(text)), (char) => char.charCodeAt(0));
}
