import { changes } from "./changes_route.ts";
import {
  documentCounts,
  documentPresence,
  type DocumentRoute,
  workspaceDocuments,
} from "./document_routes.ts";
import type { Ask } from "./exchange.ts";
import { presence, withdraw } from "./presence_route.ts";
import { publish } from "./publish_route.ts";
import type { ServedDocuments } from "../served.ts";

/** Answers a request. */
export type Route = (ask: Ask) => Response | Promise<Response>;

/** What a path leads to, method by method. */
export type Methods = ReadonlyMap<string, Route>;

const ROUTES: ReadonlyMap<string, Methods> = new Map([
  ["/v1/updates", new Map<string, Route>([["POST", publish]])],
  [
    "/v1/presence",
    new Map<string, Route>([["GET", presence], ["DELETE", withdraw]]),
  ],
  ["/v1/changes", new Map<string, Route>([["GET", changes]])],
]);

/** The part of a path that a route is given stays as it is written. */
const DOCUMENT_ROUTES: readonly [RegExp, string, DocumentRoute][] = [
  [/^\/v1\/documents\/counts$/, "POST", documentCounts],
  [/^\/v1\/documents\/([^/]+)\/presence$/, "GET", documentPresence],
  [/^\/internal\/presence\/([^/]+)$/, "GET", documentPresence],
  [/^\/v1\/workspaces\/([^/]+)\/documents$/, "GET", workspaceDocuments],
];

/** Finds what a path leads to; `undefined` if that is nothing. */
export function methodsOf(
  path: string,
  documents: ServedDocuments | undefined,
): Methods | undefined {
  const methods = ROUTES.get(path);
  if (methods !== undefined || documents === undefined) return methods;
  for (const [pattern, method, route] of DOCUMENT_ROUTES) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const [, segment = ""] = match;
    return new Map([[method, (ask) => route(ask, documents, segment)]]);
  }
  return undefined;
}
