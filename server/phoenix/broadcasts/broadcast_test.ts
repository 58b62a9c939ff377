import { assertEquals } from "@std/assert";
import { Client } from "../testing/client.ts";
import { bytes } from "../testing/codecs.ts";
import { serve, type Service } from "../testing/service.ts";

/** Somebody in the room. */
async function member(
  service: Service,
  key: string,
  params: object = {},
  topic = "room",
): Promise<Client> {
  const client = await Client.connect(service);
  await client.join(topic, { key, ...params });
  await client.rest();
  return client;
}

/** The name of the socket that came as the first, the second… */
function connection({ endpoint }: Service, place = 0): string {
  return [...endpoint.sockets][place]?.id ?? "none";
}

Deno.test("a push is relayed to the others, stamped with its sender", async () => {
  await using service = serve();
  await using ada = await member(service, "ada");
  await using bob = await member(service, "bob");
  await using eve = await Client.connect(service);
  await eve.join("elsewhere");
  await eve.rest();
  await ada.done("room", "wave", { hand: "left" });
  const sender = { key: "ada", connection: connection(service) };
  assertEquals(await bob.rest(), [
    [null, null, "room", "wave", { hand: "left", sender }],
  ]);
  assertEquals(await ada.rest(), []);
  assertEquals(await eve.rest(), []);
});

Deno.test("the sender can't be forged", async () => {
  await using service = serve();
  await using ada = await member(service, "ada");
  await using bob = await member(service, "bob");
  await ada.done("room", "wave", { sender: { key: "eve" } });
  const [, , , , { sender }] = await bob.next();
  assertEquals(sender, { key: "ada", connection: connection(service) });
});

Deno.test("two tabs of one person get each other's broadcasts", async () => {
  await using service = serve();
  await using laptop = await member(service, "ada", { meta: {} });
  await using phone = await member(service, "ada", { meta: {} });
  await laptop.done("room", "wave");
  assertEquals((await phone.event("wave"))[4].sender, {
    key: "ada",
    connection: connection(service),
  });
});

for (const self of [true, false]) {
  Deno.test(`with self ${self} a client ${self ? "gets" : "does not get"} its own broadcasts`, async () => {
    await using service = serve();
    const config = { broadcast: { self } };
    await using ada = await member(service, "ada", { config });
    await using bob = await member(service, "bob");
    await ada.done("room", "broadcast", { event: "wave" });
    assertEquals((await ada.rest()).length, self ? 1 : 0);
    assertEquals((await bob.rest()).length, 1);
  });
}

Deno.test("bytes are relayed as a broadcast of bytes", async () => {
  await using service = serve();
  await using ada = await member(service, "ada");
  await using bob = await member(service, "bob");
  ada.send(bytes(0, 1, 1, 4, 4, "1", "9", "room", "wave", 0, 255, 7));
  assertEquals((await ada.reply("9"))[4], { status: "ok", response: {} });
  assertEquals(
    await bob.bytes(),
    bytes(2, 4, 4, "room", "wave", 0, 255, 7),
  );
  assertEquals(await ada.rest(), []);
});

/** A topic of Supabase's clients. */
const REALTIME = "realtime:room";

/** Somebody who speaks Supabase's dialect. */
function speaker(service: Service, key: string): Promise<Client> {
  return member(service, key, { config: {} }, REALTIME);
}

/** A broadcast of Supabase's in bytes, of the event `wave`. */
function userPush(
  ref: string,
  encoding: number,
  payload: string,
  metadata = "",
): Uint8Array {
  const lengths = [0, ref.length, REALTIME.length, 4, metadata.length];
  return bytes(
    3,
    ...lengths,
    encoding,
    ref,
    REALTIME,
    "wave",
    metadata,
    payload,
  );
}

Deno.test("Supabase's bytes are relayed with their sender", async () => {
  await using service = serve();
  await using ada = await speaker(service, "ada");
  await using bob = await speaker(service, "bob");
  ada.send(userPush("9", 0, "abc"));
  assertEquals((await ada.reply("9"))[4], { status: "ok", response: {} });
  const sender = { key: "ada", connection: connection(service) };
  const metadata = JSON.stringify({ sender });
  assertEquals(
    await bob.bytes(),
    bytes(4, 13, 4, metadata.length, 0, REALTIME, "wave", metadata, "abc"),
  );
});

Deno.test("Supabase's JSON in bytes is relayed as text", async () => {
  await using service = serve();
  await using ada = await speaker(service, "ada");
  await using bob = await speaker(service, "bob");
  ada.send(userPush("9", 1, '{"hand":"left"}'));
  await ada.reply("9");
  assertEquals(await bob.next(), [null, null, REALTIME, "broadcast", {
    type: "broadcast",
    event: "wave",
    payload: { hand: "left" },
    sender: { key: "ada", connection: connection(service) },
  }]);
});

Deno.test("nobody gets a frame that their client can't read", async () => {
  await using service = serve();
  await using phoenix = await member(service, "ada", {}, REALTIME);
  await using supabase = await speaker(service, "bob");
  await using sender = await speaker(service, "eve");
  // Kind 4 is unknown to phoenix.js, kind 2 to Supabase's client.
  sender.send(userPush("1", 0, "abc"));
  sender.send(bytes(0, 0, 1, 13, 4, "2", REALTIME, "wave", "abc"));
  // Supabase's client takes a payload with ids for a change of a database.
  sender.push(REALTIME, "broadcast", { event: 5 });
  sender.push(REALTIME, "BROADCAST", { event: 5 });
  sender.push(REALTIME, "broadcast", { event: "wave", ids: [] });
  sender.push(REALTIME, "anything", { ids: [1] });
  sender.send(userPush("3", 1, "5", '{"ids":[]}'));
  sender.push(REALTIME, "broadcast", { event: "wave" });
  await sender.rest();
  const kinds = (await phoenix.rest())
    .map((frame) => frame instanceof Uint8Array ? frame[0] : frame[3]);
  const texts = [
    "broadcast",
    "BROADCAST",
    "broadcast",
    "anything",
    "broadcast",
    "broadcast",
  ];
  assertEquals(kinds, [2, ...texts]);
  const arrived = (await supabase.rest())
    .map((frame) => frame instanceof Uint8Array ? frame[0] : frame[4]);
  const eve = { key: "eve", connection: connection(service, 2) };
  assertEquals(arrived, [4, { event: "wave", sender: eve }]);
});

Deno.test("a client that may not write to a topic is not relayed", async () => {
  await using service = serve({
    authorize: () => ({
      viewer: { restricted: [], private: false },
      canRead: () => true,
      canWrite: (topic) => topic !== "room",
    }),
  });
  await using ada = await member(service, "ada");
  await using bob = await member(service, "bob");
  assertEquals(
    await ada.refused("room", "wave"),
    "unauthorized to publish here",
  );
  assertEquals(await bob.rest(), []);
  await ada.join("other");
  await ada.done("other", "wave");
});

Deno.test("a client that only watches is relayed", async () => {
  await using service = serve();
  await using ada = await member(service, "ada");
  await using bob = await member(service, "bob", { meta: {} });
  await ada.done("room", "wave");
  assertEquals((await bob.rest()).length, 1);
});

Deno.test("the broadcasts of a hidden sender reach only those who may see them", async () => {
  const viewer = { restricted: [], private: false };
  await using service = serve({
    join: (_topic, { key }) => ({
      viewer: { ...viewer, private: key === "staff" },
    }),
  });
  await using ada = await member(service, "ada", { meta: {} });
  await using tab = await member(service, "ada");
  await using bob = await member(service, "bob");
  await using staff = await member(service, "staff");
  const heard = async () => {
    const clients = { ada, tab, bob, staff };
    const heard: string[] = [];
    for (const [name, client] of Object.entries(clients)) {
      const frames = await client.rest();
      if (frames.some((frame) => frame[3] === "wave")) heard.push(name);
    }
    return heard;
  };
  await ada.done("room", "wave");
  assertEquals(await heard(), ["tab", "bob", "staff"]);
  await ada.track("room", {}, { visibility: "private" });
  await ada.done("room", "wave");
  assertEquals(await heard(), ["tab", "staff"]);
  // Their other tab, which is not present itself, does not give them away.
  await tab.done("room", "wave");
  assertEquals(await heard(), ["ada", "staff"]);
  await ada.track("room", {}, { visibility: { restricted: "team" } });
  await ada.done("room", "wave");
  assertEquals(await heard(), ["tab"]);
  await ada.track("room", {}, { visibility: "public" });
  await ada.done("room", "wave");
  assertEquals(await heard(), ["tab", "bob", "staff"]);
});

Deno.test("a sender is relayed by the visibility of its own connection", async () => {
  await using service = serve();
  await using open = await member(service, "ada", { meta: {} });
  await using hidden = await member(service, "ada", {
    meta: {},
    visibility: "private",
  });
  await using bob = await member(service, "bob");
  await hidden.done("room", "wave");
  assertEquals(await bob.rest(), []);
  await open.done("room", "wave");
  assertEquals((await bob.rest()).length, 1);
});
