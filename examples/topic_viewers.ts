/**
 * Who is looking at this post? A fetch handler over topics: each tab repeats its
 * request while it is open, and anybody may list the viewers.
 *
 * ```sh
 * deno run examples/topic_viewers.ts
 * ```
 *
 * @module
 */

import { PresenceServer } from "@ruthere/presence/server";
import {
  type PresenceHandle,
  type TopicModel,
  TopicPresence,
} from "@ruthere/presence/server/topics";
import { note, row, scene, title } from "./_console.ts";

/** The time in milliseconds. A real service leaves `clock` out below. */
let now = 0;
const TTL_MS = 30_000;

using server = new PresenceServer<TopicModel>({ clock: () => now });
const presence = new TopicPresence(server, { ttlMs: TTL_MS });

/** A tab that views a post, and when it expires without another request. */
interface View {
  readonly handle: PresenceHandle;
  readonly until: number;
}

/** Views by path, the one that expires first at the front. */
const views = new Map<string, View>();

const VIEWERS = new URLPattern({ pathname: "/posts/:post/viewers" });
const VIEW = new URLPattern({ pathname: "/posts/:post/viewers/:key/:tab" });

/** A handler for `Deno.serve(handler)` or `Bun.serve({ fetch: handler })`. */
async function handler(request: Request): Promise<Response> {
  const { post } = VIEWERS.exec(request.url)?.pathname.groups ?? {};
  if (post !== undefined && request.method === "GET") return list(post);

  const view = VIEW.exec(request.url)?.pathname;
  if (view?.groups.post === undefined || view.groups.key === undefined) {
    return new Response("Not found\n", { status: 404 });
  }
  // A real service takes the key from the session, not from the path.
  const { post: topic, key } = view.groups;
  switch (request.method) {
    case "POST":
      return await look(view.input, topic, key, request);
    case "DELETE":
      return leave(view.input);
    default:
      return new Response("Method not allowed\n", { status: 405 });
  }
}

/** `GET /posts/7/viewers`: lists the viewers. */
function list(post: string): Response {
  const viewers = presence.list(post);
  return Response.json({ count: presence.countPresences(post), viewers });
}

/** `POST /posts/7/viewers/ada/tab-1`: a tab is looking, or still is. */
async function look(
  path: string,
  post: string,
  key: string,
  request: Request,
): Promise<Response> {
  forget();
  const meta = await request.json();
  const there = views.get(path)?.handle;
  const isStill = there?.update(meta) ?? false;
  const handle = there && isStill ? there : presence.track(post, key, meta);
  // Deleted first, so that it is the last one.
  views.delete(path);
  views.set(path, { handle, until: now + TTL_MS });
  return new Response(null, { status: isStill ? 204 : 201 });
}

/** `DELETE /posts/7/viewers/ada/tab-1`: a tab is closed. */
function leave(path: string): Response {
  views.get(path)?.handle[Symbol.dispose]();
  views.delete(path);
  return new Response(null, { status: 204 });
}

/** Drops the handles of expired views. */
function forget(): void {
  for (const [path, { until }] of views) {
    if (until > now) break;
    views.delete(path);
  }
}

title(
  "Topic viewers",
  "Ada reads post 7 in two tabs, Bob in one. Who is looking at it?",
);
const news = presence.events("7");

scene("Ada opens the post");
await send("POST", "/posts/7/viewers/ada/tab-1", { device: "laptop" });
await show();

scene("She opens it in another tab, and Bob joins");
note("Two tabs of one person are one viewer with two metas.");
await send("POST", "/posts/7/viewers/ada/tab-2", { device: "phone" });
await send("POST", "/posts/7/viewers/bob/tab-1", { device: "tablet" });
await show();

scene("Twenty seconds later");
note("Ada's tabs are still there. Bob's has crashed.");
now += 20_000;
await send("POST", "/posts/7/viewers/ada/tab-1", { device: "laptop" });
await send("POST", "/posts/7/viewers/ada/tab-2", {
  device: "phone",
  scrolled: 0.8,
});
await show();

scene("Ten seconds later");
note("Bob's last request was half a minute ago.");
now += 10_000;
await show();

scene("Ada closes one tab, then the other");
await send("DELETE", "/posts/7/viewers/ada/tab-1");
await show();
await send("DELETE", "/posts/7/viewers/ada/tab-2");
await show();

scene("Bob is back");
note("His old connection does not return: this is another one.");
await send("POST", "/posts/7/viewers/bob/tab-1", { device: "tablet" });
await show();

scene("The events for live watchers");
note("A refresh is no event. Closing one of two tabs is no leave.");
for (let n = 0; n < 7; n++) {
  const { value } = await news.next();
  row("", JSON.stringify(value));
}

/** Calls the handler as a browser would, without a socket. */
async function send(
  method: string,
  path: string,
  meta?: unknown,
): Promise<void> {
  const body = meta === undefined ? null : JSON.stringify(meta);
  const request = new Request(`http://localhost${path}`, { method, body });
  const { status } = await handler(request);
  row(method, `${path} is answered by ${status}`);
}

async function show(): Promise<void> {
  const request = new Request("http://localhost/posts/7/viewers");
  row("GET", "/posts/7/viewers is answered by");
  row("", await (await handler(request)).text());
}
