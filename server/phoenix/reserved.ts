const NAMES: ReadonlySet<string> = new Set([
  "heartbeat",
  "access_token",
  "system",
  "postgres_changes",
]);

/** By `chan_reply_` and a ref phoenix.js hands replies to who awaits them. */
const PREFIXES: readonly string[] = ["phx_", "presence", "chan_reply_"];

/** Whether an event is the protocol's own: it is never relayed of a client. */
export function isReserved(event: string): boolean {
  return NAMES.has(event) ||
    PREFIXES.some((prefix) => event.startsWith(prefix));
}
