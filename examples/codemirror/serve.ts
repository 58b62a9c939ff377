/**
 * Serves an editor for several people: CodeMirror, with a text by Yjs and cursors
 * by a room. Open the page in two windows.
 *
 * @module
 */

import { TopicPresence } from "@ruthere/presence";
import { PresenceServer } from "@ruthere/presence/server";
import {
  PhoenixEndpoint,
  upgradeInDeno,
} from "@ruthere/presence/server/phoenix";
import type { TopicModel } from "@ruthere/presence/server/topics";

const HTML = `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>CodeMirror</title>
<link rel="icon" href="data:,">
<p id="people"></p>
<main></main>
<script type="module" src="/page.js"></script>`;

// `deno bundle` finds packages by the import map in deno.json.
const { success, stdout } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--platform=browser", "page.ts"],
  cwd: new URL(".", import.meta.url),
  stderr: "inherit",
}).output();
if (!success) Deno.exit(1);

const server = new PresenceServer<TopicModel>();
// Everybody may come in. With `authorize`, a token says who somebody is.
const endpoint = new PhoenixEndpoint(new TopicPresence(server));
const port = Number(Deno.args[0] ?? 8788);

Deno.serve({ port, hostname: "127.0.0.1" }, (request) => {
  switch (new URL(request.url).pathname) {
    case "/socket/websocket":
      return upgradeInDeno(endpoint, request);
    case "/page.js":
      return answer(stdout, "text/javascript");
    case "/":
      return answer(HTML, "text/html");
  }
  return new Response("There is nothing here\n", { status: 404 });
});

function answer(body: BodyInit, type: string): Response {
  return new Response(body, { headers: { "content-type": type } });
}
