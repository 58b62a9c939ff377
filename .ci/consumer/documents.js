/**
 * Shows people in a document to readers with a token, and counts them, under Node
 * or Bun: `npm_consumer_test.ts` runs this beside
 * `program.ts`.
 *
 * @module
 */

import { DocumentPresence, PresenceServer } from "@ruthere/presence";
import { createHttpHandler } from "@ruthere/presence/server/http";
import {
  createMetricsHandler,
  PresenceMetrics,
} from "@ruthere/presence/server/metrics";
import { TokenAuthority } from "@ruthere/presence/server/tokens";
import { SignJWT } from "jose";

const secret = "a secret of at least thirty-two bytes";
const rules = { issuer: "https://app.example", audience: "presence" };
const authority = new TokenAuthority({ secret, ...rules });

const server = new PresenceServer();
const metrics = new PresenceMetrics({ server });
const documents = new DocumentPresence(server, {
  onCursorUpdate: metrics.observeCursorUpdate,
});
const handler = createHttpHandler(server, {
  documents,
  authorize: authority.authorize,
});

const seen = [];
const watch = documents.watch("42");
seen.push((await watch.next()).value?.type);
const tab = await documents.join("ada", {
  documentId: "42",
  workspaceId: "acme",
  name: "Ada",
});
seen.push((await watch.next()).value?.type);
tab.updateCursor({ line: 3, column: 14, offset: 159 });
const { value: moved } = await watch.next();
if (moved?.type === "cursorMoved") seen.push(moved.cursor?.offset);
await watch.return?.();

const token = await new SignJWT({ presence: { read: ["document:*"] } })
  .setProtectedHeader({ alg: "HS256" })
  .setSubject("bob")
  .setIssuer(rules.issuer)
  .setAudience(rules.audience)
  .setIssuedAt()
  .setExpirationTime("10 minutes")
  .sign(new TextEncoder().encode(secret));
const url = "http://localhost/v1/documents/42/presence";
const headers = { authorization: `Bearer ${token}` };
const answer = await handler(new Request(url, { headers }));
const { active_users: users } = await answer.json();
const refused = await handler(new Request(url));

const scrape = await createMetricsHandler(metrics)(
  new Request("http://localhost/metrics"),
);
const counted = (await scrape.text()).split("\n")
  .filter((line) =>
    /^ruthere_(presence_active_users|cursor\w+_count) /.test(line)
  );

documents[Symbol.dispose]();
server[Symbol.dispose]();
console.log(JSON.stringify({
  seen,
  users: users.map(({ name }) => name),
  refused: refused.status,
  counted,
}));
