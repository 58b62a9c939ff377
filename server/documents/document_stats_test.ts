import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "../mod.ts";
import { Reader } from "../testing/harness.ts";
import { type DocumentModel, DocumentPresence } from "./mod.ts";

Deno.test("DocumentPresence.stats counts what slow readers miss, and resent states", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer<DocumentModel>();
  using presence = new DocumentPresence(server, {
    maxPendingEvents: 2,
  });
  const tab = await presence.join("ada", { documentId: "42", name: "Ada" });
  const slow = new Reader(presence.watch("42"));
  const swift = new Reader(presence.watch("42"));
  await slow.read();
  await swift.read();
  // It waits for an event and gets the first one; then it stops reading.
  for (let line = 0; line < 4; line++) {
    tab.updateCursor({ line, column: 0, offset: 0 });
    await time.tickAsync(50);
    await swift.read();
  }
  assertEquals(presence.stats, { coalesced: 2, statesResent: 0 });
  for (const user of ["bob", "carol", "dave"]) {
    await presence.join(user, { documentId: "42", name: user });
    await swift.read();
  }
  assertEquals(presence.stats.statesResent, 1);
});
