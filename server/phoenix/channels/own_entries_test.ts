import { assertEquals } from "@std/assert";
import { PUBLIC_VIEWER } from "../../mod.ts";
import { flush } from "../../testing/harness.ts";
import type { Admission, PhoenixIdentity } from "../mod.ts";
import { Screen } from "../testing/client.ts";
import { inProcess } from "../testing/in_process.ts";
import { identity } from "../testing/service.ts";

/** Ways to join the room, and which of ada and eve are then seen. */
interface Way {
  readonly identity?: PhoenixIdentity;
  readonly admission?: Admission;
  readonly params: object;
  readonly sees: readonly string[];
}

const WAYS: Record<string, Way> = {
  "an identity without a subject that names a key": {
    identity: identity(),
    params: { key: "ada" },
    sees: [],
  },
  "an identity without a subject that names a key in Supabase's way": {
    identity: identity(),
    params: { config: { presence: { key: "ada" } } },
    sees: [],
  },
  "an identity without a subject that is given a key": {
    identity: identity(),
    admission: { key: "ada" },
    params: {},
    sees: ["ada"],
  },
  "an identity without a subject that is given the key it names": {
    identity: identity(),
    admission: { key: "ada" },
    params: { key: "ada" },
    sees: ["ada"],
  },
  "an identity without a subject that names another key than it is given": {
    identity: identity(),
    admission: { key: "ada" },
    params: { key: "eve" },
    sees: ["ada"],
  },
  "an identity whose viewer is a subject": {
    identity: identity({ viewer: { ...PUBLIC_VIEWER, subject: "ada" } }),
    params: { key: "eve" },
    sees: ["ada"],
  },
  "an identity with a subject": {
    identity: identity({ subject: "ada" }),
    params: { key: "eve" },
    sees: ["ada"],
  },
  "an identity with a subject that names it": {
    identity: identity({ subject: "ada" }),
    params: { key: "ada" },
    sees: ["ada"],
  },
  "who is given a viewer that is a subject": {
    identity: identity({ subject: "ada" }),
    admission: { viewer: { ...PUBLIC_VIEWER, subject: "eve" } },
    params: {},
    sees: ["eve"],
  },
  "who is given a viewer that is a subject, and names a key": {
    identity: identity(),
    admission: { viewer: { ...PUBLIC_VIEWER, subject: "eve" } },
    params: { key: "ada" },
    sees: ["eve"],
  },
  "who is given a viewer that is a subject, beside that of their identity": {
    identity: identity({ viewer: { ...PUBLIC_VIEWER, subject: "ada" } }),
    admission: { viewer: { ...PUBLIC_VIEWER, subject: "eve" } },
    params: {},
    sees: ["eve"],
  },
  "who is given a viewer that is no subject": {
    identity: identity({ subject: "ada" }),
    admission: { viewer: PUBLIC_VIEWER },
    params: {},
    sees: ["ada"],
  },
  "the public that names a key": { params: { key: "ada" }, sees: ["ada"] },
  "the public that names no key": { params: {}, sees: [] },
};

for (
  const [who, { identity, admission, params, sees }] of Object.entries(WAYS)
) {
  const whom = sees.length === 0 ? "nobody's" : `${sees}'s`;

  /** An endpoint where they come in so, and ada and eve are hidden. */
  const hidden = () => {
    const service = inProcess({
      ...identity === undefined ? {} : { authorize: () => identity },
      join: (_topic, { key }) => key === "hidden" ? {} : admission ?? {},
    });
    for (const key of ["ada", "eve"]) {
      service.topics.track("room", key, {}, { visibility: "private" });
    }
    return service;
  };

  Deno.test(`${who} sees ${whom} private entries`, async () => {
    using service = hidden();
    const client = await service.connect();
    client.say(["1", "1", "room", "phx_join", params]);
    await flush();
    const screen = new Screen("room").show(client.take());
    assertEquals(screen.list().map(({ key }) => key), sees);
    // And it sees no others later.
    for (const key of ["ada", "eve"]) {
      service.topics.track("room", key, 2, { visibility: "private" });
    }
    await flush();
    const keys = client.take().flatMap(([, , , , { joins }]) =>
      Object.keys(Object(joins))
    );
    assertEquals(keys, sees);
  });

  Deno.test(`${who} sees ${whom} private entries after temporary other rights`, async () => {
    using service = hidden();
    const client = await service.member(params);
    client.socket.setViewer("room", { restricted: "all", private: true });
    client.socket.setViewer("room", PUBLIC_VIEWER);
    await flush();
    const screen = new Screen("room").show(client.take());
    assertEquals(screen.list().map(({ key }) => key), sees);
  });
}

Deno.test("a client whose key the server made sees what is shown to it alone", async () => {
  for (const authorize of [undefined, () => identity()]) {
    using service = inProcess({ authorize });
    const client = await service.connect();
    const params = { meta: 1, visibility: "private" };
    client.say(["1", "1", "room", "phx_join", params]);
    await flush();
    const screen = new Screen("room").show(client.take());
    assertEquals(screen.list(), [{ key: client.socket.id, metas: [1] }]);
  }
});

Deno.test("a client that names the key of a hidden person does not get their broadcasts", async () => {
  using service = inProcess({
    authorize: () => identity(),
    join: (_topic, { is }) => typeof is === "string" ? { key: is } : {},
  });
  const ada = await service.member({
    is: "ada",
    meta: 1,
    visibility: "private",
  });
  const tab = await service.member({ is: "ada" });
  const eve = await service.member({ key: "ada" });
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(tab.take().map((frame) => frame[3]), ["wave"]);
  assertEquals(eve.take(), []);
});
