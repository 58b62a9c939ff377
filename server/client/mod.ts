/**
 * Clients for browsers, Deno, Node and Bun: rooms for screens over one socket,
 * and a small client of HTTP for scripts and servers.
 *
 * @example A room
 * ```ts
 * import { LiveClient, type LiveModel } from "@ruthere/presence/client";
 * import { assertEquals } from "@std/assert";
 *
 * interface Model extends LiveModel {
 *   facets: { name: string; cursor: { x: number; y: number } };
 * }
 *
 * using client = new LiveClient<Model>({ url: "http://localhost:8787" });
 * const room = client.room("doc-42", { facets: { name: "Ada" } });
 * room.update({ cursor: { x: 3, y: 14 } });
 * assertEquals(room.me.get().facets.cursor, { x: 3, y: 14 });
 * assertEquals(room.others.get(), []);
 * ```
 *
 * @example HTTP
 * ```ts
 * import { PresenceClient, PresenceView } from "@ruthere/presence/client";
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const http = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1", onListen() {} },
 *   createHttpHandler(server),
 * );
 * const url = `http://127.0.0.1:${http.addr.port}`;
 *
 * const client = new PresenceClient({ url });
 * await client.publish({ subject: "alice", context: "doc-1", ttlMs: 30_000 });
 *
 * const view = new PresenceView();
 * for await (const batch of client.watch({ context: "doc-1" })) {
 *   view.apply(batch);
 *   break;
 * }
 * assertEquals(view.subjects("doc-1"), ["alice"]);
 * await http.shutdown();
 * ```
 *
 * @module
 */

export type {
  Cursor,
  DocumentUser,
  Selection,
  Viewport,
} from "../documents/internal.ts";
export {
  type EntryDifference,
  type JsonObject,
  type JsonValue,
  PresenceView,
  type PresenceViewEvent,
} from "../internal.ts";
export type * from "./http/client_options.ts";
export { overHttp } from "./http/over_http.ts";
export * from "./http/presence_client.ts";
export { PresenceRequestError } from "./http/request_error.ts";
export { wireUpdateOf } from "./http/wire_update.ts";
export * from "./live_client.ts";
export type * from "./live_document.ts";
export type * from "./live_room.ts";
export type { Person } from "./person.ts";
export { type Readable, sameItems, type Schedule } from "./readable.ts";
export type * from "./room.ts";
export type {
  ClientWebSocket,
  OpenWire,
  WebSocketClass,
  Wire,
  WireEvents,
} from "./wire.ts";
