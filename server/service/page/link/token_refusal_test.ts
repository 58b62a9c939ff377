import { assertEquals, assertMatch } from "@std/assert";
import {
  refusalOfClose,
  refusalOfJoin,
  refusalOfService,
} from "./token_refusal.js";

const TOKEN = { text: "a.b.c", subject: "ada", name: "ada" };

/** The explanation of an answer of the service to a token, or to none. */
function said(
  answer: Response | Error,
  token: typeof TOKEN | "none" = TOKEN,
): Promise<string | undefined> {
  return refusalOfService(
    "room:lobby",
    token === "none" ? undefined : token,
    () =>
      answer instanceof Error
        ? Promise.reject(answer)
        : Promise.resolve(answer),
  );
}

function unauthorized(reason?: string): Response {
  const parameters = reason === undefined
    ? ""
    : `, error="invalid_token", error_description="${reason}"`;
  return new Response(null, {
    status: 401,
    headers: { "www-authenticate": `Bearer realm="presence"${parameters}` },
  });
}

Deno.test("refusalOfClose() explains sockets that were closed because of the token", () => {
  const refusals: [number, string, RegExp][] = [
    [1008, "token expired", /^Your token has expired\./],
    [1008, "revoked", /^Your token has been revoked\./],
  ];
  for (const [code, reason, sentence] of refusals) {
    assertMatch(refusalOfClose({ code, reason }) ?? "", sentence);
  }
  const others = [
    { code: 1008, reason: "Reads too slowly" },
    { code: 1012, reason: "service restart" },
    { code: 1006, reason: "" },
    { code: 1000, reason: "token expired" },
    {},
    undefined,
    "closed",
  ];
  for (const event of others) assertEquals(refusalOfClose(event), undefined);
});

Deno.test("refusalOfJoin() explains a room that a token does not open", () => {
  assertMatch(
    refusalOfJoin("room:lobby", "unauthorized") ?? "",
    /^Your token does not let you into room:lobby\./,
  );
  assertEquals(refusalOfJoin("room:lobby", "the topic is full"), undefined);
});

Deno.test("refusalOfService() says that a token is required, or what is wrong with it", async () => {
  assertEquals(
    await said(unauthorized(), "none"),
    "This service wants a token: open the page with #token=… at the end of its address.",
  );
  assertMatch(
    await said(unauthorized("the token has expired")) ?? "",
    /^Your token has expired\./,
  );
  assertMatch(
    await said(unauthorized("the token is of another issuer")) ?? "",
    /^The service does not take your token: the token is of another issuer\. /,
  );
  assertMatch(
    await said(unauthorized()) ?? "",
    /^The service does not take your token: it is not good here\. /,
  );
});

Deno.test("refusalOfService() returns nothing if another token would not help", async () => {
  for (const status of [200, 403, 404, 429, 500, 503]) {
    assertEquals(await said(new Response(null, { status })), undefined);
  }
  assertEquals(await said(new TypeError("no connection")), undefined);
});

Deno.test("refusalOfService() asks for the room with the token in a header", async () => {
  const asked: Request[] = [];
  const ask = (input: URL | RequestInfo, init?: RequestInit) => {
    asked.push(new Request(new URL(String(input), "http://localhost"), init));
    return Promise.resolve(new Response());
  };
  await refusalOfService("document:a&b", TOKEN, ask);
  await refusalOfService("document:a&b", undefined, ask);
  const [first, second] = asked;
  assertEquals(first?.method, "HEAD");
  assertEquals(
    first?.url,
    "http://localhost/v1/presence?context=document%3Aa%26b&limit=1",
  );
  assertEquals(first?.headers.get("authorization"), "Bearer a.b.c");
  assertEquals(second?.headers.has("authorization"), false);
});
