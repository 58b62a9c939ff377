// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { FanOut } from "./fan_out.ts";
import type { LoadedServer } from "./loaded_server.ts";

/** Serves the same bare fan-out by the package `ws`. */
export async function serveWs(): Promise<LoadedServer> {
  const fanOut = new FanOut();
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => {
    socket.on("message", (data) => fanOut.receive(socket, String(data)));
    socket.on("close", () => fanOut.lost(socket));
  });
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port };
}
