/** Serves HTTP to this machine alone, on a free port if none is given. */
export function listen(
  handler: Deno.ServeHandler<Deno.NetAddr>,
  port = 0,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, handler);
}
