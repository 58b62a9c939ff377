/**
 * Serves a page in React that shows who is here: avatars and cursors. Open it in
 * two windows.
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
<title>Avatars</title>
<link rel="icon" href="data:,">
<style>
  body { margin: 0; font-family: sans-serif; color: white }
  main { height: 100vh; overflow: hidden; position: relative }
  ul { display: flex; gap: 8px; margin: 0; padding: 16px; list-style: none }
  li { width: 40px; line-height: 40px; border-radius: 50%; text-align: center }
  p { margin: 0 16px; color: #a00 }
  .cursor { position: absolute; padding: 2px 8px; border-radius: 0 8px 8px;
    pointer-events: none; transition: left 50ms linear, top 50ms linear }
</style>
<body></body>
<script type="module" src="/page.js"></script>`;

// `deno bundle` finds React by the import map: "react" is "npm:react" in deno.json.
const { success, stdout } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--platform=browser", "page.tsx"],
  cwd: new URL(".", import.meta.url),
  stderr: "inherit",
}).output();
if (!success) Deno.exit(1);

// Everybody may come in. With `authorize`, a token says who somebody is.
const presence = new TopicPresence(new PresenceServer<TopicModel>());
const endpoint = new PhoenixEndpoint(presence);
const port = Number(Deno.args[0] ?? 8789);

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
