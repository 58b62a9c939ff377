import { assertEquals } from "@std/assert";
import type { PhoenixIdentity } from "../mod.ts";
import { Revocations } from "./revocations.ts";
import { inProcess } from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { identity } from "../testing/service.ts";
import { settles } from "../../testing/harness.ts";

/** An authorize that answers when a test lets it. */
function slowAuthorize() {
  const asked = new Map<string, PromiseWithResolvers<PhoenixIdentity>>();
  return {
    authorize: ({ url }: Request) => {
      const answer = Promise.withResolvers<PhoenixIdentity>();
      asked.set(new URL(url).searchParams.get("user") ?? "nobody", answer);
      return answer.promise;
    },
    letIn: (user: string, identity: PhoenixIdentity) =>
      asked.get(user)?.resolve(identity),
  };
}

const USERS = {
  "of a subject": {
    x: identity({ subject: "x" }),
    y: identity({ subject: "y" }),
  },
  "without a subject": { x: identity(), y: identity() },
};

for (const [whose, { x, y }] of Object.entries(USERS)) {
  Deno.test(`revoke() of an identity ${whose} ends its sockets that are being authorized, and no others`, async () => {
    const gate = slowAuthorize();
    using service = inProcess({ authorize: gate.authorize });
    const connecting = [service.connect("x"), service.connect("y")] as const;
    assertEquals(await settles(Promise.race(connecting)), false);
    assertEquals(service.endpoint.revoke(x), 0);
    gate.letIn("x", x);
    gate.letIn("y", y);
    const [one, other] = await Promise.all(connecting);
    assertEquals([one.closeCode, other.closeCode], [1008, undefined]);
    assertEquals([...service.endpoint.sockets], [other.socket]);
    // One that is authorized again may open.
    const again = service.connect("x");
    gate.letIn("x", x);
    assertEquals((await again).closeCode, undefined);
  });

  Deno.test(`revoke() of an identity ${whose} ends its sockets that are about to open, and no others`, async () => {
    using service = inProcess({
      authorize: ({ url }) => url.endsWith("user=x") ? x : y,
    });
    const accepted = (user: string) =>
      MemoryClient.accepted(service.endpoint, `vsn=2.0.0&user=${user}`);
    const openX = await accepted("x");
    const openY = await accepted("y");
    service.endpoint.revoke(x);
    assertEquals(openX().closeCode, 1008);
    assertEquals(openY().closeCode, undefined);
    assertEquals(service.endpoint.sockets.size, 1);
  });
}

Deno.test("Revocations reports who was revoked since a count", () => {
  const revocations = new Revocations();
  const { x, y } = USERS["of a subject"];
  revocations.add(x);
  const { count } = revocations;
  assertEquals(revocations.includes(x, count), false);
  revocations.add(y);
  assertEquals(revocations.includes(x, count), false);
  assertEquals(revocations.includes(y, count), true);
  assertEquals(revocations.includes(identity({ subject: "y" }), count), true);
  assertEquals(revocations.includes(identity(), count), false);
  assertEquals(revocations.includes(x, 0), true);
});

Deno.test("Revocations reports all as revoked if there were too many to remember", () => {
  const revocations = new Revocations();
  const { x, y } = USERS["of a subject"];
  for (let turn = 0; turn < 1_000; turn++) revocations.add(x);
  assertEquals(revocations.includes(y, 0), false);
  revocations.add(x);
  assertEquals(revocations.includes(y, 0), true);
  assertEquals(revocations.includes(y, 1), false);
});
