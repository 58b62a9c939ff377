import { bytesOf, decodeUtf8 } from "../frames/bytes.ts";

const PREFIX = "base64url.bearer.phx.";

/**
 * Finds the token of a request. phoenix.js puts it into the subprotocol,
 * Supabase's clients into the query or the header `apikey`, other clients into
 * the header `Authorization`.
 *
 * @param request The request to open a socket, or to broadcast without one.
 * @returns The token, which may be malformed; `undefined` if there is none.
 *
 * @example Usage
 * ```ts
 * import { tokenOf } from "@ruthere/presence/server/phoenix";
 * import { assertEquals } from "@std/assert";
 *
 * const request = new Request("http://localhost/socket/websocket", {
 *   headers: {
 *     "sec-websocket-protocol": "phoenix, base64url.bearer.phx.c2VjcmV0",
 *   },
 * });
 * assertEquals(tokenOf(request), "secret");
 * ```
 */
export function tokenOf({ headers, url }: Request): string | undefined {
  const [, bearer] = /^Bearer +(.+)$/i
    .exec(headers.get("authorization") ?? "") ?? [];
  if (bearer !== undefined) return bearer;
  const encoded = headers.get("sec-websocket-protocol")?.split(",")
    .map((name) => name.trim())
    .find((name) => name.startsWith(PREFIX))?.slice(PREFIX.length);
  if (encoded !== undefined) return decode(encoded) ?? encoded;
  const { searchParams } = new URL(url);
  return searchParams.get("token") ?? searchParams.get("access_token") ??
    searchParams.get("apikey") ?? (headers.get("apikey") || undefined);
}

function decode(base64url: string): string | undefined {
  const bytes = bytesOf(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return bytes && decodeUtf8(bytes);
}
