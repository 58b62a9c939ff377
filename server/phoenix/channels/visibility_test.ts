import { assertEquals } from "@std/assert";
import type { Visibility } from "../../../core/mod.ts";
import { flush } from "../../testing/harness.ts";
import type { Admission } from "../mod.ts";
import { inProcess } from "../testing/in_process.ts";
import type { MemoryClient } from "../testing/memory_client.ts";

/** Joins in two ways: as the hook says, or as the client asks. */
const WAYS: Record<
  string,
  { params: object; admission: Admission; visibility: Visibility }
> = {
  "that the join hook says": {
    params: { visibility: "public" },
    admission: { visibility: "private" },
    visibility: "private",
  },
  "that a client asks for": {
    params: { visibility: { restricted: "team" } },
    admission: {},
    visibility: { restricted: "team" },
  },
};

/** The room with ada in it, and two others: only one may see all. */
async function room(params: object, admission: Admission) {
  const service = inProcess({
    join: (_topic, { key }) =>
      key === "ada" ? admission : {
        viewer: {
          restricted: key === "staff" ? "all" : [],
          private: key === "staff",
        },
      },
  });
  const ada = await service.member({ key: "ada", ...params });
  const bob = await service.member({ key: "bob" });
  const staff = await service.member({ key: "staff" });
  let ref = 1;
  const say = (event: string, payload: object) =>
    ada.say(["1", String(++ref), "room", event, payload]);
  const told = async (wanted: RegExp) => {
    await flush();
    ada.take();
    const isTold = (client: MemoryClient) =>
      client.take().some(([, , , event]) => wanted.test(event));
    return { bob: isTold(bob), staff: isTold(staff) };
  };
  return {
    ...service,
    ada,
    /** Lets ada track; returns who gets a diff. */
    track(fields: object = {}) {
      say("presence", { event: "track", payload: { ref }, ...fields });
      return told(/^presence_diff$/);
    },
    /** Lets ada untrack. */
    async untrack() {
      say("presence", { event: "untrack" });
      await told(/^presence_diff$/);
    },
    /** Lets ada broadcast; returns who gets it. */
    wave() {
      say("wave", {});
      return told(/^wave$/);
    },
  };
}

const ALL = { bob: true, staff: true };
const STAFF = { bob: false, staff: true };

for (const [what, { params, admission, visibility }] of Object.entries(WAYS)) {
  Deno.test(`the visibility ${what} is that of the first meta`, async () => {
    using service = await room({ ...params, meta: {} }, admission);
    const [entry] = service.server.store.snapshots({ context: "room" });
    assertEquals(entry?.visibility, visibility);
    assertEquals(await service.wave(), STAFF);
  });

  Deno.test(`the visibility ${what} waits for the first track`, async () => {
    using service = await room(params, admission);
    assertEquals(await service.wave(), STAFF);
    assertEquals(await service.track(), STAFF);
    const [entry] = service.server.store.snapshots({ context: "room" });
    assertEquals(entry?.visibility, visibility);
    assertEquals(await service.wave(), STAFF);
  });

  Deno.test(`the visibility ${what} outlasts an untrack`, async () => {
    using service = await room(params, admission);
    await service.track();
    await service.untrack();
    assertEquals(await service.wave(), STAFF);
    assertEquals(await service.track(), STAFF);
    // Also if the server has taken the entry away.
    service.server.withdrawOrigin(`phoenix/${service.ada.socket.id}`);
    await flush();
    assertEquals(await service.track(), STAFF);
  });

  Deno.test(`the visibility ${what} applies to tracks of code on the server`, async () => {
    using service = await room(params, admission);
    service.ada.socket.track("room", 1);
    const [entry] = service.server.store.snapshots({ context: "room" });
    assertEquals(entry?.visibility, visibility);
  });

  Deno.test(`the visibility ${what} holds until a track names another`, async () => {
    using service = await room(params, admission);
    await service.track();
    assertEquals(await service.track({ visibility: "public" }), ALL);
    assertEquals(await service.track(), ALL);
    assertEquals(await service.wave(), ALL);
    await service.untrack();
    assertEquals(await service.wave(), ALL);
    assertEquals(await service.track(), ALL);
    service.ada.socket.track("room", 1, "private");
    await service.untrack();
    assertEquals(await service.wave(), STAFF);
    assertEquals(await service.track(), STAFF);
  });

  Deno.test(`a refused track leaves the visibility ${what}`, async () => {
    using service = await room(params, admission);
    const payload = "x".repeat(5_000);
    await service.track({ visibility: "public", payload });
    await service.track({ visibility: "everybody" });
    assertEquals(service.topics.list("room"), []);
    assertEquals(await service.wave(), STAFF);
  });
}

Deno.test("a client that names no visibility is shown to all", async () => {
  using service = await room({}, {});
  assertEquals(await service.wave(), ALL);
  assertEquals(await service.track(), ALL);
});
