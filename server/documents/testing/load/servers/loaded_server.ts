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

/** Returns the largest of some numbers; 0 without any. */
export function largest(values: Iterable<number>): number {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, value);
  return largest;
}
