import type { ServedDocuments } from "../served.ts";
import { changes } from "./changes_route.ts";
import {
  documentCounts,
  documentPresence,
  workspaceDocuments,
} from "./document_routes.ts";
import type { Ask, OpenAsk } from "./exchange.ts";
import { goodbye, presence, withdraw } from "./presence_route.ts";
import { publish } from "./publish_route.ts";

/** A method and a path, and the function that answers requests for them. */
export type Route =
  & { readonly method: string; readonly path: RegExp }
  & (
    /** Answers a request; the name is the segment of the path, still encoded. */
    | { answer(ask: Ask, name: string): Promise<Response> }
    /** Answers a request of anybody: the route itself finds out who it is. */
    | { answerAnybody(ask: OpenAsk): Promise<Response> }
  );

const ROUTES: readonly Route[] = [
  { method: "POST", path: /^\/v1\/updates$/, answer: publish },
  { method: "GET", path: /^\/v1\/presence$/, answer: presence },
  { method: "DELETE", path: /^\/v1\/presence$/, answer: withdraw },
  { method: "GET", path: /^\/v1\/changes$/, answer: changes },
  { method: "POST", path: /^\/v1\/goodbye$/, answerAnybody: goodbye },
];

const DOCUMENT_ROUTES: readonly [string, RegExp, typeof documentPresence][] = [
  ["POST", /^\/v1\/documents\/counts$/, documentCounts],
  ["GET", /^\/v1\/documents\/([^/]+)\/presence$/, documentPresence],
  ["GET", /^\/internal\/presence\/([^/]+)$/, documentPresence],
  ["GET", /^\/v1\/workspaces\/([^/]+)\/documents$/, workspaceDocuments],
];

/** Returns all routes, including those of documents if there are documents. */
export function routesOf(
  documents: ServedDocuments | undefined,
): readonly Route[] {
  if (documents === undefined) return ROUTES;
  const more = DOCUMENT_ROUTES.map(([method, path, route]): Route => ({
    method,
    path,
    answer: (ask, name) => route(ask, documents, name),
  }));
  return [...ROUTES, ...more];
}
