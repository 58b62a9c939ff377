/**
 * The page that the service serves: a room and a document to try presence in.
 * Everything is part of the module, so that it needs no permission to read
 * files.
 *
 * @module
 */

import phoenix from "phoenix" with { type: "text" };
import { BROWSER_SOURCES } from "./browser_sources.ts";
import ago from "./room/ago.js" with { type: "text" };
import attendance from "./people/attendance.js" with { type: "text" };
import color from "./people/color.js" with { type: "text" };
import connection from "./room/connection.js" with { type: "text" };
import controls from "./controls.css" with { type: "text" };
import cursorRenderer from "./document/cursor_renderer.js" with {
  type: "text",
};
import departures from "./room/departures.js" with { type: "text" };
import device from "./room/device.js" with { type: "text" };
import documentStyle from "./document.css" with { type: "text" };
import documentPage from "./document.html" with { type: "text" };
import documentConnection from "./document/document_connection.js" with {
  type: "text",
};
import documentRoom from "./document/document_room.js" with { type: "text" };
import dom from "./people/dom.js" with { type: "text" };
import favicon from "./favicon.svg" with { type: "text" };
import headline from "./people/headline.js" with { type: "text" };
import index from "./index.html" with { type: "text" };
import meta from "./people/meta.js" with { type: "text" };
import names from "./people/names.js" with { type: "text" };
import notices from "./link/notices.js" with { type: "text" };
import others from "./document/others.js" with { type: "text" };
import ownActivity from "./document/own_activity.js" with { type: "text" };
import ownForm from "./room/own_form.js" with { type: "text" };
import ownPointer from "./room/own_pointer.js" with { type: "text" };
import paint from "./people/paint.js" with { type: "text" };
import participantList from "./document/participant_list.js" with {
  type: "text",
};
import participants from "./document/participants.js" with { type: "text" };
import people from "./people.css" with { type: "text" };
import person from "./people/person.js" with { type: "text" };
import pointers from "./room/pointers.js" with { type: "text" };
import presenceEvent from "./document/presence_event.js" with { type: "text" };
import profile from "./people/profile.js" with { type: "text" };
import room from "./room/room.js" with { type: "text" };
import rooms from "./link/rooms.js" with { type: "text" };
import roster from "./room/roster.js" with { type: "text" };
import serviceSocket from "./link/service_socket.js" with { type: "text" };
import sharedText from "./text/shared_text.js" with { type: "text" };
import style from "./style.css" with { type: "text" };
import textEdit from "./text/text_edit.js" with { type: "text" };
import textExchange from "./text/text_exchange.js" with { type: "text" };
import textareaEditor from "./text/textarea_editor.js" with { type: "text" };
import token from "./link/token.js" with { type: "text" };
import tokenRefusal from "./link/token_refusal.js" with { type: "text" };
import tryIt from "./link/try_it.js" with { type: "text" };
import typingIndicator from "./document/typing_indicator.js" with {
  type: "text",
};
import undoStack from "./text/undo_stack.js" with { type: "text" };
import words from "./people/words.js" with { type: "text" };

const FILES: ReadonlyMap<string, string> = new Map([
  ["/", index],
  ["/document", documentPage],
  ["/style.css", style],
  ["/people.css", people],
  ["/controls.css", controls],
  ["/document.css", documentStyle],
  ["/favicon.svg", favicon],
  ["/phoenix.mjs", phoenix],
  ["/room/ago.js", ago],
  ["/people/attendance.js", attendance],
  ["/people/color.js", color],
  ["/room/connection.js", connection],
  ["/document/cursor_renderer.js", cursorRenderer],
  ["/room/departures.js", departures],
  ["/room/device.js", device],
  ["/document/document_connection.js", documentConnection],
  ["/document/document_room.js", documentRoom],
  ["/people/dom.js", dom],
  ["/people/headline.js", headline],
  ["/people/meta.js", meta],
  ["/people/names.js", names],
  ["/link/notices.js", notices],
  ["/document/others.js", others],
  ["/document/own_activity.js", ownActivity],
  ["/room/own_form.js", ownForm],
  ["/room/own_pointer.js", ownPointer],
  ["/people/paint.js", paint],
  ["/document/participant_list.js", participantList],
  ["/document/participants.js", participants],
  ["/people/person.js", person],
  ["/room/pointers.js", pointers],
  ["/document/presence_event.js", presenceEvent],
  ["/people/profile.js", profile],
  ["/room/room.js", room],
  ["/link/rooms.js", rooms],
  ["/room/roster.js", roster],
  ["/link/service_socket.js", serviceSocket],
  ["/text/shared_text.js", sharedText],
  ["/text/text_edit.js", textEdit],
  ["/text/text_exchange.js", textExchange],
  ["/text/textarea_editor.js", textareaEditor],
  ["/link/token.js", token],
  ["/link/token_refusal.js", tokenRefusal],
  ["/link/try_it.js", tryIt],
  ["/document/typing_indicator.js", typingIndicator],
  ["/text/undo_stack.js", undoStack],
  ["/people/words.js", words],
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
