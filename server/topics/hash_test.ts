import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { hashText } from "./hash.ts";
import { Client, topics, update } from "./testing/harness.ts";

// A `phx_ref` distinguishes the metas of a key, above all the old and the new
// one of an update. It follows from the content, so that nodes need not agree
// on names. So two contents must never have the same.

/** The metas of a busy topic: alike, and different in a few characters. */
function* texts(): Generator<string, void> {
  for (let n = 0; n < 25_000; n++) {
    const resource = `loz1k3v0p-${n.toString(36).padStart(5, "0")}-1f0c9a7e`;
    yield JSON.stringify([resource, "topics/1", {}]);
    yield JSON.stringify([null, "socket", { x: n % 500, y: n / 500 | 0 }]);
    yield JSON.stringify([null, "socket", n]);
    yield JSON.stringify(["tab", `socket/${n}`, { typing: true }]);
  }
}

Deno.test("hashText() gives 100,000 metas, and their beginnings, names of their own", () => {
  const seen = new Set<string>();
  const names = new Set<string>();
  for (const text of texts()) {
    for (const each of [text, text.slice(0, -1)]) {
      seen.add(each);
      names.add(hashText(each));
    }
  }
  assertEquals(seen.size, 200_000);
  assertEquals(names.size, seen.size);
});

Deno.test("hashText() depends on every bit of every character, and on their order", () => {
  const text = 'resource "tab" of origin "socket/1" says {"name":"Ada"}';
  const names = new Set([hashText(text)]);
  for (let index = 0; index < text.length; index++) {
    for (let bit = 0; bit < 16; bit++) {
      const code = text.charCodeAt(index) ^ 1 << bit;
      const other = String.fromCharCode(code);
      names.add(hashText(text.slice(0, index) + other + text.slice(index + 1)));
    }
  }
  assertEquals(names.size, 1 + 16 * text.length);
  assertNotEquals(hashText("ab"), hashText("ba"));
  assertNotEquals(hashText(""), hashText("\0"));
  assertNotEquals(hashText("\0"), hashText("\0\0"));
});

Deno.test("hashText() is short, of letters and digits, and the same for ever", () => {
  assertMatch(hashText(""), /^[0-9a-z]{14}$/);
  assertMatch(hashText("\u{1f600}".repeat(1_000)), /^[0-9a-z]{14}$/);
  // Nodes of different versions must agree.
  assertEquals(hashText(""), "1biic5n1i46ioj");
  assertEquals(hashText('["tab","socket",{"name":"Ada"}]'), "13ha16y1esx3bs");
});

Deno.test("a phx_ref is another one for another resource, origin or meta, and for nothing else", async () => {
  using t = topics();
  const client = new Client(t.presence, "room");
  const meta = { value: { name: "Ada" } };
  const entries = [
    update({ facets: { meta } }),
    update({ facets: { meta: { value: { name: "Bob" } } }, origin: "b" }),
    update({ facets: { meta }, origin: "c" }),
    update({ facets: { meta }, resource: "" }),
    update({ facets: { meta }, resource: "null" }),
  ];
  t.server.receiveAll(entries);
  await client.read();
  const metas = client.mirror.get("ada")?.metas ?? [];
  assertEquals(new Set(metas.map(({ phx_ref }) => phx_ref)).size, 5);

  for (const entry of entries) {
    const facets = { ...entry.facets, lastSeen: 1, activity: "idle" } as const;
    t.server.receive({ ...entry, visibility: "private", facets });
  }
  assertEquals(await client.read(), []);
  const late = new Client(t.presence, "room");
  await late.read();
  assertEquals(late.mirror, client.mirror);
});
