/**
 * The page that the service serves: a room and a document to try presence in.
 * Everything is part of the module, so that it needs no permission to read
 * files.
 *
 * @module
 */

import phoenix from "phoenix" with { type: "text" };
import { BROWSER_SOURCES } from "./browser_sources.ts";
import ago from "./ago.js" with { type: "text" };
import attendance from "./attendance.js" with { type: "text" };
import color from "./color.js" with { type: "text" };
import connection from "./connection.js" with { type: "text" };
import controls from "./controls.css" with { type: "text" };
import cursorRenderer from "./cursor_renderer.js" with { type: "text" };
import departures from "./departures.js" with { type: "text" };
import device from "./device.js" with { type: "text" };
import documentStyle from "./document.css" with { type: "text" };
import documentPage from "./document.html" with { type: "text" };
import documentConnection from "./document_connection.js" with { type: "text" };
import documentRoom from "./document_room.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import favicon from "./favicon.svg" with { type: "text" };
import headline from "./headline.js" with { type: "text" };
import index from "./index.html" with { type: "text" };
import meta from "./meta.js" with { type: "text" };
import names from "./names.js" with { type: "text" };
import notices from "./notices.js" with { type: "text" };
import others from "./others.js" with { type: "text" };
import ownActivity from "./own_activity.js" with { type: "text" };
import ownForm from "./own_form.js" with { type: "text" };
import ownPointer from "./own_pointer.js" with { type: "text" };
import paint from "./paint.js" with { type: "text" };
import participantList from "./participant_list.js" with { type: "text" };
import participants from "./participants.js" with { type: "text" };
import people from "./people.css" with { type: "text" };
import person from "./person.js" with { type: "text" };
import pointers from "./pointers.js" with { type: "text" };
import presenceEvent from "./presence_event.js" with { type: "text" };
import profile from "./profile.js" with { type: "text" };
import room from "./room.js" with { type: "text" };
import rooms from "./rooms.js" with { type: "text" };
import roster from "./roster.js" with { type: "text" };
import serviceSocket from "./service_socket.js" with { type: "text" };
import sharedText from "./shared_text.js" with { type: "text" };
import style from "./style.css" with { type: "text" };
import textEdit from "./text_edit.js" with { type: "text" };
import textExchange from "./text_exchange.js" with { type: "text" };
import textareaEditor from "./textarea_editor.js" with { type: "text" };
import token from "./token.js" with { type: "text" };
import tokenRefusal from "./token_refusal.js" with { type: "text" };
import tryIt from "./try_it.js" with { type: "text" };
import typingIndicator from "./typing_indicator.js" with { type: "text" };
import undoStack from "./undo_stack.js" with { type: "text" };
import words from "./words.js" with { type: "text" };

const FILES: ReadonlyMap<string, string> = new Map([
  ["/", index],
  ["/document", documentPage],
  ["/style.css", style],
  ["/people.css", people],
  ["/controls.css", controls],
  ["/document.css", documentStyle],
  ["/favicon.svg", favicon],
  ["/phoenix.mjs", phoenix],
  ["/ago.js", ago],
  ["/attendance.js", attendance],
  ["/color.js", color],
  ["/connection.js", connection],
  ["/cursor_renderer.js", cursorRenderer],
  ["/departures.js", departures],
  ["/device.js", device],
  ["/document_connection.js", documentConnection],
  ["/document_room.js", documentRoom],
  ["/dom.js", dom],
  ["/headline.js", headline],
  ["/meta.js", meta],
  ["/names.js", names],
  ["/notices.js", notices],
  ["/others.js", others],
  ["/own_activity.js", ownActivity],
  ["/own_form.js", ownForm],
  ["/own_pointer.js", ownPointer],
  ["/paint.js", paint],
  ["/participant_list.js", participantList],
  ["/participants.js", participants],
  ["/person.js", person],
  ["/pointers.js", pointers],
  ["/presence_event.js", presenceEvent],
  ["/profile.js", profile],
  ["/room.js", room],
  ["/rooms.js", rooms],
  ["/roster.js", roster],
  ["/service_socket.js", serviceSocket],
  ["/shared_text.js", sharedText],
  ["/text_edit.js", textEdit],
  ["/text_exchange.js", textExchange],
  ["/textarea_editor.js", textareaEditor],
  ["/token.js", token],
  ["/token_refusal.js", tokenRefusal],
  ["/try_it.js", tryIt],
  ["/typing_indicator.js", typingIndicator],
  ["/undo_stack.js", undoStack],
  ["/words.js", words],
  ...BROWSER_SOURCES,
]);

const TYPES: ReadonlyMap<string, string> = new Map([
  ["/", "text/html; charset=utf-8"],
  ["/document", "text/html; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["mjs", "text/javascript; charset=utf-8"],
  ["ts", "text/javascript; charset=utf-8"],
  ["svg", "image/svg+xml; charset=utf-8"],
]);

/**
 * Serves the page and what it is made of. Its room is at `/socket` of the same
 * host.
 *
 * @param request What is asked for.
 * @returns The answer to a GET or a HEAD of a file of the page, `undefined`
 * for everything else.
 */
export function servePage(request: Request): Response | undefined {
  // A Host can be such that there is no URL.
  if (!URL.canParse(request.url)) return undefined;
  const { pathname, host } = new URL(request.url);
  const text = FILES.get(pathname);
  const isHead = request.method === "HEAD";
  if (text === undefined || !(isHead || request.method === "GET")) {
    return undefined;
  }
  const type = TYPES.get(pathname.slice(pathname.lastIndexOf(".") + 1));
  return new Response(text, {
    headers: {
      "content-type": type ?? "text/plain; charset=utf-8",
      // Files of two versions must not meet in one page.
      "cache-control": "no-cache",
      "content-security-policy": policyFor(host),
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Nothing but what we serve ourselves, and nothing that stands in the page. */
function policyFor(host: string): string {
  // For some browsers, a page's own site does not include its sockets.
  const sockets = /^[\w.-]+(:\d+)?$/.test(host)
    ? ` ws://${host} wss://${host}`
    : "";
  return [
    "default-src 'self'",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}
