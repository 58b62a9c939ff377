/** A server under load. */
export interface LoadedServer {
  /** The port of its sockets. */
  readonly port: number;
  /** Returns how many bytes wait for the slowest client, if it knows. */
  backlogBytes?(): number;
  /** Returns how many positions were replaced before a client received them. */
  coalesced?(): number;
}

/** Serves sockets by Deno itself; returns the port. */
export function serveInDeno(
  handle: (request: Request) => Response | Promise<Response>,
): number {
  const { addr } = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
  }, handle);
  return addr.port;
}
