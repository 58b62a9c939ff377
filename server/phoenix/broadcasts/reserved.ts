const NAMES: ReadonlySet<string> = new Set([
  "heartbeat",
  "access_token",
  "system",
  "postgres_changes",
]);

/** By `chan_reply_` and a ref phoenix.js hands replies to who awaits them. */
const PREFIXES: readonly string[] = ["phx_", "presence", "chan_reply_"];

/**
 * Whether an event is the protocol's own: it is never relayed of a client.
 * Whatever its case, since older clients of Supabase don't mind it.
 */
export function isReserved(event: string): boolean {
  const name = event.toLowerCase();
  return NAMES.has(name) ||
    PREFIXES.some((prefix) => name.startsWith(prefix));
}
