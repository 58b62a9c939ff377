import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import type { LoadedServer } from "./loaded_server.ts";

/**
 * Serves rooms of socket.io with a list of members, as its guide does: a
 * newcomer gets who is there, the others get the newcomer.
 */
export async function serveSocketIo(): Promise<LoadedServer> {
  const http = createServer();
  // Its pings would be answered by no client of this test.
  const io = new Server(http, { pingInterval: 3_600_000 });
  io.on("connection", (socket: Socket) => {
    socket.on("join", async (room, key, meta, done) => {
      socket.data = { key, meta };
      const others = await io.in(room).fetchSockets();
      socket.emit("users", others.map(({ data }) => data));
      socket.join(room);
      socket.to(room).emit("user connected", socket.data);
      done();
    });
    socket.on("cursor", (room, cursor) => {
      io.to(room).emit("cursor", socket.data.key, cursor);
    });
    socket.on("disconnecting", () => {
      for (const room of socket.rooms) {
        socket.to(room).emit("user disconnected", socket.data.key);
      }
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { port: (http.address() as AddressInfo).port };
}
