import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { identity, serve } from "../phoenix/testing/service.ts";
import { clientOf, isLive, restart, until } from "./testing/live.ts";

const CURSOR = { line: 3, column: 4, offset: 50 };
const SELECTION = {
  anchor: { line: 0, column: 0, offset: 0 },
  head: CURSOR,
  isBackward: false,
};

Deno.test("LiveClient.document() shows the people in a document", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const document = ada.document("42", { name: "Ada" });
  const other = bob.document("42", { name: "Bob", avatarUrl: "/bob.png" });
  const [person] = await until(document.others, ([bob]) => bob !== undefined);
  assertEquals(
    [person?.id, person?.name, person?.avatarUrl, person?.activity],
    ["bob", "Bob", "/bob.png", "viewing"],
  );
  const me = await until(document.me, ({ person }) => person !== undefined);
  assertEquals([me.id, me.person?.name], ["ada", "Ada"]);
  const seen = await until(other.person("ada"), Boolean);
  assertEquals(seen?.color, me.person?.color);
});

Deno.test("LiveDocument.moveCursor() shows others the cursor and the selection", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const document = ada.document("42", { name: "Ada" });
  const seen = bob.document("42").person("ada");
  document.moveCursor(CURSOR, SELECTION);
  document.setViewport({ topLine: 0, bottomLine: 9, scrollPercentage: 20 });
  const person = await until(
    seen,
    (ada) => Boolean(ada?.selection && ada.viewport),
  );
  assertEquals(
    [person?.cursor, person?.selection, person?.viewport, person?.activity],
    [
      CURSOR,
      SELECTION,
      { topLine: 0, bottomLine: 9, scrollPercentage: 20 },
      "selecting",
    ],
  );
});

Deno.test("LiveDocument.typed() shows that somebody types, until they stop", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const document = ada.document("42", { name: "Ada" });
  const seen = bob.document("42").person("ada");
  await until(seen, Boolean);
  document.typed();
  await until(seen, (ada) => ada?.typing === true);
  document.stoppedTyping();
  await until(seen, (ada) => ada?.typing === false);
});

Deno.test("LiveDocument.setProfile() changes the name, and nobody is seen to leave", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const document = ada.document("42", { name: "Ada" });
  const other = bob.document("42");
  await until(other.others, (all) => all.length === 1);
  const counts = new Set<number>();
  other.others.subscribe(({ length }) => counts.add(length));
  document.setProfile({ name: "Countess" });
  await until(other.others, ([ada]) => ada?.name === "Countess");
  assertEquals([...counts], [1]);
  // Without a name, one only watches.
  document.setProfile({});
  await until(other.others, (all) => all.length === 0);
  assertEquals(document.me.get().person, undefined);
});

Deno.test("a document that returns has the cursor where it was", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const document = ada.document("42", { name: "Ada" });
  const other = bob.document("42");
  const seen = other.person("ada");
  document.moveCursor(CURSOR);
  await until(seen, (ada) => Boolean(ada?.cursor));
  const counts = new Set<number>();
  other.others.subscribe(({ length }) => counts.add(length));
  const { sessionId } = document.me.get();
  restart(service);
  await until(document.status, ({ type }) => type === "reconnecting");
  await until(document.me, (me) => me.sessionId !== sessionId);
  await until(other.status, isLive);
  const back = await until(
    seen,
    (ada) => ada?.sessions === 1 && ada.cursor !== null,
  );
  assertEquals([back?.cursor, [...counts]], [CURSOR, [1]]);
});

Deno.test("LiveDocument.leave() is a goodbye", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  const document = ada.document("42", { name: "Ada" });
  assertStrictEquals(ada.document("42"), document);
  await until(document.status, isLive);
  await document.leave();
  assertEquals(service.server.store.size, 1);
  await document.leave();
  assertEquals(service.server.store.size, 0);
});

Deno.test("a client that may only read a document watches it", async () => {
  await using service = serve({
    authorize: () => identity({ canWrite: () => false }),
  });
  using ada = clientOf(service);
  const document = ada.document("42", { name: "Ada" });
  document.moveCursor(CURSOR);
  const { mayWrite } = await until(
    document.state,
    ({ status }) => isLive(status),
  );
  assertEquals([mayWrite, service.server.store.size], [false, 0]);
});

Deno.test("LiveDocument.broadcast() reaches those who listen", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service);
  const document = ada.document("42", { name: "Ada" });
  const other = bob.document("42");
  await Promise.all(
    [document, other].map(({ status }) => until(status, isLive)),
  );
  const heard = new Promise((resolve) => other.on("text", resolve));
  document.broadcast("text", { letters: "x" });
  assertEquals(await heard, { payload: { letters: "x" }, from: "ada" });
});

Deno.test("LiveClient.room() refuses a document, which is no room", async () => {
  await using service = serve();
  using ada = clientOf(service);
  assertThrows(() => ada.room("document:42"), InvalidValueError);
});

Deno.test("LiveDocument.stoppedTyping() ends typing also just after a key", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const document = ada.document("42", { name: "Ada" });
  const seen = bob.document("42").person("ada");
  await until(seen, Boolean);
  const typing: unknown[] = [];
  seen.subscribe((ada) => typing.push(ada?.typing));
  document.typed();
  document.typed();
  document.stoppedTyping();
  await until(seen, (ada) => ada?.typing === false && typing.length > 0);
  // A key that was still to be sent would show after this.
  document.moveCursor(CURSOR);
  await until(seen, (ada) => Boolean(ada?.cursor));
  assertEquals(seen.get()?.typing, false);
});
