/**
 * The process under load, with one of the servers.
 *
 * @module
 */

import process from "node:process";
import { runInNewContext } from "node:vm";
import type { LoadedServer } from "./loaded_server.ts";

const [kind, throttleMs] = Deno.args;
const server = await serve();

/** Starts a server; the code of the others is not loaded. */
async function serve(): Promise<LoadedServer> {
  switch (kind) {
    case "bare":
      return (await import("./bare.ts")).serveBare();
    case "ws":
      return await (await import("./ws.ts")).serveWs();
    case "socket.io":
      return await (await import("./socket_io.ts")).serveSocketIo();
    case "hocuspocus":
      return (await import("./hocuspocus.ts")).serveHocuspocus();
    default:
      return (await import("./presence.ts")).servePresence(Number(throttleMs));
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(JSON.stringify([server.port, port])),
}, (request) => {
  if (request.url.endsWith("/tidy")) runInNewContext("gc()");
  const { user, system } = process.cpuUsage();
  return Response.json({
    cpuUs: user + system,
    rss: Deno.memoryUsage().rss,
    backlogBytes: server.backlogBytes?.() ?? 0,
    coalesced: server.coalesced?.() ?? 0,
  });
});
// Only a process that ends by itself writes its profile.
Deno.addSignalListener("SIGINT", () => Deno.exit(0));
// It ends with the process that has started it, even if that is killed.
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit(0);
