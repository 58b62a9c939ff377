import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError, restricted } from "../../core/mod.ts";
import { PUBLIC_VIEWER } from "../mod.ts";
import {
  colorOf,
  DocumentAtCapacityError,
  type DocumentUser,
  workspaceContext,
} from "./mod.ts";
import {
  at,
  documents,
  flush,
  from,
  join,
  namesIn,
  Reader,
  update,
  userOf,
} from "./testing/harness.ts";

const VIEWPORT = { topLine: 1, bottomLine: 9, scrollPercentage: 50 };

/** The facets with unchecked values. */
function withFacets(facets: { readonly [name: string]: unknown }) {
  return update({ facets: { ...Object.fromEntries(Object.entries(facets)) } });
}

Deno.test("unknown fields of a position of another face are left out", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const reader = new Reader(all.presence.watch("42"));
  await reader.read();
  const more = { more: "x" };
  const { anchor, head, isBackward } = from(1, 2);
  all.server.receive(withFacets({
    cursor: { ...at(2), ...more },
    selection: {
      anchor: { ...anchor, ...more },
      head: { ...head, ...more },
      isBackward,
      ...more,
    },
    viewport: { ...VIEWPORT, ...more },
  }));
  const user = await userOf(all.presence);
  assertEquals(
    [user?.cursor, user?.selection, user?.viewport],
    [at(2), from(1, 2), VIEWPORT],
  );
  await flush();
  const [joined] = await reader.read();
  assert(joined?.type === "userJoined");
  assertEquals(joined.user, user);
});

Deno.test("an empty selection of another face counts as none", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const more = { ...at(2), more: "x" };
  all.server.receive(withFacets({
    cursor: at(2),
    selection: { anchor: more, head: at(2), isBackward: false },
  }));
  const user = await userOf(all.presence);
  assertEquals([user?.cursor, user?.selection], [at(2), null]);
});

Deno.test("a future time of an activity or a join counts as now", async () => {
  using _time = new FakeTime(5_000);
  using all = documents();
  const later = 8e15;
  all.server.receive(withFacets({
    connectedAt: later,
    lastActiveAt: later,
    lastCursorUpdate: later,
  }));
  const times = (user: DocumentUser | undefined) => [
    user?.connectedAt,
    user?.lastActiveAt,
    user?.lastCursorUpdate,
  ];
  assertEquals(times(await userOf(all.presence)), [5_000, 5_000, 5_000]);
  const { documents: [document] } = await all.presence.documentsOf("ada");
  assertEquals(document?.lastActiveAt, 5_000);
  all.server.receive({
    ...withFacets({ document: "42", lastActiveAt: later }),
    context: workspaceContext("acme"),
  });
  const { documents: [active] } = await all.presence.activeDocuments("acme");
  assertEquals(active?.lastActiveAt, 5_000);

  // Nor at a time before the epoch.
  all.server.receive(withFacets({
    connectedAt: -1,
    lastActiveAt: -1e300,
    lastCursorUpdate: -1,
  }));
  assertEquals(times(await userOf(all.presence)), [5_000, 5_000, null]);
});

const SAFE_URLS = [
  "https://a.example/ada.png",
  "HTTP://a.example",
  "//a.example/ada.png",
  "/ada.png",
  "ada.png",
  "pictures/a:b",
  "?of=a:b",
  "",
];

const OTHER_URLS = [
  "javascript:alert(1)",
  " JavaScript:alert(1)//",
  "java\tscript:alert('/')",
  "\u0000javascript:alert(1)",
  "data:image/png;base64,AAAA",
  "vbscript:x",
  "file:///etc/passwd",
  "https:a.example",
];

Deno.test("a picture has a URL of http or https or a relative one, for every face", async () => {
  for (const avatarUrl of SAFE_URLS) {
    using all = documents();
    const session = await join(all.presence, "ada", { avatarUrl });
    assertEquals((await userOf(all.presence))?.avatarUrl, avatarUrl);
    session[Symbol.dispose]();
    const value = { name: "Ada", avatar_url: avatarUrl };
    all.server.receive(withFacets({ meta: { value } }));
    assertEquals((await userOf(all.presence))?.avatarUrl, avatarUrl);
    // Browsers resolve it to no other scheme.
    const { protocol } = new URL(avatarUrl, "https://page.example");
    assert(["http:", "https:"].includes(protocol), avatarUrl);
  }
  for (const avatarUrl of [...OTHER_URLS, `/${"x".repeat(2_048)}`]) {
    using all = documents();
    await assertRejects(
      () => join(all.presence, "ada", { avatarUrl }),
      InvalidValueError,
      "Cannot join document: avatarUrl must be an http or https URL",
    );
    assertEquals(await namesIn(all.presence), []);
    const value = { name: "Ada", avatar_url: avatarUrl };
    all.server.receive(withFacets({ meta: { value } }));
    const user = await userOf(all.presence);
    assertEquals([user?.name, user?.avatarUrl], ["Ada", null], avatarUrl);
  }
});

Deno.test("a name has at most 256 characters, for every face", async () => {
  using all = documents();
  const [name, long] = ["x".repeat(256), "x".repeat(257)];
  const session = await join(all.presence, "ada", { name });
  assertEquals((await userOf(all.presence))?.name, name);
  session[Symbol.dispose]();
  await assertRejects(
    () => join(all.presence, "ada", { name: long }),
    InvalidValueError,
    "Cannot join document: name must be a well-formed string of at most 256 characters",
  );
  for (const none of [long, "\ud800"]) {
    all.server.receive(withFacets({ meta: { value: { name: none } } }));
    assertEquals((await userOf(all.presence))?.name, "ada");
  }
  assertEquals((await userOf(all.presence))?.color, colorOf("ada"));
});

Deno.test("hidden entries do not count for the capacity", async () => {
  using all = documents({ maxUsersPerDocument: 2 });
  const { presence, server } = all;
  server.receive(update({ subject: "spy", visibility: "private" }));
  const visibility = restricted("members");
  server.receive(update({ subject: "member", visibility }));
  for (const name of ["ada", "bob"]) await join(presence, name);
  assertEquals(await namesIn(presence), ["ada", "bob"]);
  // Nor does a hidden entry have a place already.
  for (const name of ["cy", "spy"]) {
    await assertRejects(() => join(presence, name), DocumentAtCapacityError);
  }
});

Deno.test("entries of sessions in a workspace are private", async () => {
  using all = documents();
  await join(all.presence);
  const context = workspaceContext("acme");
  await using watch = all.server.watch({ context, viewer: PUBLIC_VIEWER });
  const { value: batch } = await watch.next();
  assert(batch?.type === "baseline");
  assertEquals(batch.snapshots, []);
  const { documents: active } = await all.presence.activeDocuments("acme");
  assertEquals(active.map(({ users }) => users), [1]);
});

Deno.test("restricted entries of other faces in a workspace do not count", async () => {
  using all = documents();
  const context = workspaceContext("acme");
  const facets = { document: "42" };
  const visibility = restricted("members");
  all.server.receive(update({ context, facets, visibility }));
  assertEquals((await all.presence.activeDocuments("acme")).documents, []);
  all.server.receive(update({ context, facets }));
  assertEquals(
    (await all.presence.activeDocuments("acme")).documents.length,
    1,
  );
});
