import { type DocumentModel, DocumentPresence } from "../../../mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "../../../../phoenix/mod.ts";
import { PresenceServer } from "../../../../mod.ts";
import { liftFacets, TopicPresence } from "../../../../topics/mod.ts";
import { type LoadedServer, serveInDeno } from "./loaded_server.ts";

/** Serves topics and documents as the service does, without pages and HTTP. */
export function servePresence(cursorThrottleMs: number): LoadedServer {
  const server = new PresenceServer<DocumentModel>({ retention: 2_000 });
  const documents = new DocumentPresence(server, { cursorThrottleMs });
  const topics = new TopicPresence(server, { facets: liftFacets });
  const endpoint = new PhoenixEndpoint(topics, {
    documents,
    limits: { allSockets: 20_000 },
  });
  return {
    port: serveInDeno((request) => upgradeInDeno(endpoint, request)),
    backlogBytes: () =>
      Math.max(0, ...endpoint.sockets.values().map((one) => one.backlogBytes)),
    coalesced: () => documents.stats.coalesced,
  };
}
