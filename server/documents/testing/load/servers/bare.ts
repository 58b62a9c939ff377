import { FanOut } from "./fan_out.ts";
import { type LoadedServer, serveInDeno } from "./loaded_server.ts";

/** Serves a bare fan-out by the sockets of Deno. */
export function serveBare(): LoadedServer {
  const fanOut = new FanOut();
  const sockets = new Set<WebSocket>();
  const port = serveInDeno((request) => {
    const upgrade = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    const { socket, response } = upgrade;
    sockets.add(socket);
    socket.onmessage = ({ data }) => fanOut.receive(socket, data);
    socket.onclose = () => {
      sockets.delete(socket);
      fanOut.lost(socket);
    };
    return response;
  });
  const backlogBytes = () =>
    Math.max(0, ...sockets.values().map((socket) => socket.bufferedAmount));
  return { port, backlogBytes };
}
