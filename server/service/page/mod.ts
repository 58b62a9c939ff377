/**
 * The pages of the service: a room and a document to try presence in. All files
 * are part of the program, so the service needs no permission to read files.
 *
 * @module
 */

import { BROWSER_MODULES } from "./browser_modules.ts";
import controls from "./controls.css" with { type: "text" };
import documentStyle from "./document.css" with { type: "text" };
import documentPage from "./document.html" with { type: "text" };
import favicon from "./favicon.svg" with { type: "text" };
import index from "./index.html" with { type: "text" };
import people from "./people.css" with { type: "text" };
import style from "./style.css" with { type: "text" };

const FILES: ReadonlyMap<string, string> = new Map([
  ["/", index],
  ["/document", documentPage],
  ["/style.css", style],
  ["/people.css", people],
  ["/controls.css", controls],
  ["/document.css", documentStyle],
  ["/favicon.svg", favicon],
  ...BROWSER_MODULES,
]);

const TYPES: ReadonlyMap<string, string> = new Map([
  ["css", "text/css; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["ts", "text/javascript; charset=utf-8"],
  ["svg", "image/svg+xml; charset=utf-8"],
]);

/**
 * Serves the pages and their files. The socket of the pages is at `/socket` of
 * the same host.
 *
 * @param request A request to the service.
 * @returns The answer to a GET or a HEAD of a file of the pages, `undefined`
 * for everything else.
 */
export function servePage(request: Request): Response | undefined {
  const { pathname, host } = new URL(request.url);
  const text = FILES.get(pathname);
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (text === undefined || !isRead) return undefined;
  const [, extension = ""] = pathname.split(".");
  return new Response(text, {
    headers: {
      "content-type": TYPES.get(extension) ?? "text/html; charset=utf-8",
      // A page must not mix the files of two versions.
      "cache-control": "no-cache",
      "content-security-policy": policyFor(host),
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

/** Allows only files of this service, and no inline scripts or styles. */
function policyFor(host: string): string {
  // For some browsers, 'self' does not include sockets.
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
