// @ts-check

/** @typedef {import("./token.js").Token} Token */

/** How long to wait for the reason of the service. */
const PATIENCE_MS = 5_000;

const HOW = "open the page with #token=… at the end of its address";
const ANOTHER = "Open the page with another one, #token=…, to get in.";

/** The notice for a token that may not publish. */
export const ONLY_READING =
  "Your token lets you only read here: the others don't see you.";

/** The notice for a malformed token. */
export const MALFORMED = `Your token is malformed. ${ANOTHER}`;

/**
 * What to say when the service closes a socket, by its reason.
 *
 * @type {ReadonlyMap<unknown, string>}
 */
const CLOSED = new Map([
  ["token expired", `Your token has expired. ${ANOTHER}`],
  ["revoked", `Your token has been revoked. ${ANOTHER}`],
]);

/**
 * Explains that a socket was closed because of its token.
 *
 * @param {unknown} event the close event
 * @returns {string | undefined} `undefined` if it was for another reason.
 */
export function refusalOfClose(event) {
  if (!(event instanceof Object && "code" in event && "reason" in event)) {
    return undefined;
  }
  return event.code === 1008 ? CLOSED.get(event.reason) : undefined;
}

/**
 * Explains that a token does not open a room.
 *
 * @param {string} topic
 * @param {string} reason of the service
 * @returns {string | undefined} `undefined` if they may try again.
 */
export function refusalOfJoin(topic, reason) {
  if (reason !== "unauthorized") return undefined;
  return `Your token does not let you into ${topic}. ${ANOTHER}`;
}

/**
 * Asks the service why it refuses a socket: browsers don't say why.
 *
 * @param {string} topic
 * @param {Token | undefined} token
 * @param {(url: string, init: RequestInit) => Promise<Response>} [ask]
 * @returns {Promise<string | undefined>} `undefined` if it is not because of
 * the token, or there is no answer.
 */
export async function refusalOfService(topic, token, ask = fetch) {
  const context = encodeURIComponent(topic);
  const response = await ask(`/v1/presence?context=${context}&limit=1`, {
    method: "HEAD",
    headers: token ? { authorization: `Bearer ${token.text}` } : {},
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch(() => undefined);
  if (response?.status !== 401) return undefined;
  if (token === undefined) return `This service wants a token: ${HOW}.`;
  const [, reason = "it is not good here"] = /error_description="([^"]*)"/
    .exec(response.headers.get("www-authenticate") ?? "") ?? [];
  return reason === "the token has expired"
    ? CLOSED.get("token expired")
    : `The service does not take your token: ${reason}. ${ANOTHER}`;
}
