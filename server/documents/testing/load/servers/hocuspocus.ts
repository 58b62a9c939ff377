import { Hocuspocus } from "@hocuspocus/server";
import { type LoadedServer, serveInDeno } from "./loaded_server.ts";

/** Serves the awareness of `y-protocols` by Hocuspocus. */
export function serveHocuspocus(): LoadedServer {
  const hocuspocus = new Hocuspocus({ quiet: true });
  const port = serveInDeno((request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const client = hocuspocus.handleConnection(socket, request);
      socket.onmessage = ({ data }) =>
        client.handleMessage(new Uint8Array(data));
      socket.onclose = ({ code, reason }) =>
        client.handleClose({ code, reason });
    };
    return response;
  });
  return { port };
}
