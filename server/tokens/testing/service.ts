import { assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import { createHttpHandler } from "../../http/mod.ts";
import { PresenceServer } from "../../mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "../../phoenix/mod.ts";
import { listen } from "../../testing/listen.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import { TokenAuthority, type TokenRights } from "../mod.ts";
import { AUDIENCE, ISSUER, SECRET } from "./tokens.ts";

/** A service of all faces that requires tokens. */
export interface Service extends AsyncDisposable {
  readonly tokens: TokenAuthority;
  readonly topics: TopicPresence;
  readonly endpoint: PhoenixEndpoint;
  /** The host: `127.0.0.1` and the port. */
  readonly host: string;
  /** The status of each answer, in order. */
  readonly statuses: readonly number[];
}

/** Starts the service, with a grace of a minute. */
export function serve(): Service {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const tokens = new TokenAuthority({
    secret: SECRET,
    issuer: ISSUER,
    audience: AUDIENCE,
    clockToleranceSeconds: 1,
  });
  const { authorize, refresh: accessToken } = tokens;
  const server = new PresenceServer<TopicModel>({ graceMs: 60_000 });
  const topics = new TopicPresence(server);
  const handler = createHttpHandler(server, { authorize, onError });
  const options = { authorize, accessToken, onError };
  const endpoint = new PhoenixEndpoint(topics, options);
  const statuses: number[] = [];
  const http = listen(async (request) => {
    const isSocket = new URL(request.url).pathname.endsWith("/websocket");
    const response =
      await (isSocket ? upgradeInDeno(endpoint, request) : handler(request));
    statuses.push(response.status);
    return response;
  });
  return {
    tokens,
    topics,
    endpoint,
    host: `127.0.0.1:${http.addr.port}`,
    statuses,
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]();
      server[Symbol.dispose]();
      await http.shutdown();
      assertEquals(errors, [], "something should not have happened");
    },
  };
}

/** The claims of a token in a test. */
export interface Grant extends TokenRights {
  /** The subject. */
  readonly sub: string;
  /** The time to live in seconds. */
  readonly seconds?: number;
}

/** Issues a token; by default its holder reads and writes all contexts. */
export function issue(
  { sub, seconds = 600, read = ["*"], write = ["*"], ...rights }: Grant,
): Promise<string> {
  const now = Date.now() / 1_000;
  return new SignJWT({ presence: { read, write, ...rights } })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(sub)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
    .sign(new TextEncoder().encode(SECRET));
}
