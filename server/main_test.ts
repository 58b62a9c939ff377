import {
  assert,
  assertEquals,
  assertMatch,
  assertObjectMatch,
  assertRejects,
} from "@std/assert";
import { SignJWT } from "jose";
import { freePort } from "./cluster/testing/real_server.ts";
import { PresenceClient } from "./client/mod.ts";
import { curlRequests } from "./http/testing/curl.ts";
import { EventReader, read, records } from "./http/testing/service.ts";
import { Service, spawnService } from "./service/testing/service.ts";

const SECRET = "a secret of at least thirty-two bytes";
const TOKEN_RULES = ["--jwt-issuer", "app", "--jwt-audience", "presence"];
const ON_WINDOWS = Deno.build.os === "windows";

/** Signs a token of ada that the service accepts. */
function signed(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ada")
    .setIssuer("app")
    .setAudience("presence")
    .setIssuedAt()
    .setExpirationTime("10 minutes")
    .sign(new TextEncoder().encode(SECRET));
}

/** Returns the error of a start that fails. */
async function failure(
  args: readonly string[],
  env?: Record<string, string>,
): Promise<string> {
  const { code, stderr, stdout } = await spawnService(args, env).output();
  assertEquals(new TextDecoder().decode(stdout), "");
  assertEquals(code, 1);
  return new TextDecoder().decode(stderr);
}

Deno.test("main publishes, answers and streams, and ends cleanly with open streams", async () => {
  await using service = await Service.start();
  const client = new PresenceClient({ url: service.url });
  const update = { subject: "alice", context: "doc-1", ttlMs: 60_000 };
  assertEquals((await client.publish(update)).sequences, [1]);
  assertEquals((await client.presence({ context: "doc-1" })).count, 1);

  const signal: Deno.Signal = ON_WINDOWS ? "SIGINT" : "SIGTERM";
  const open = await fetch(`${service.url}v1/changes?context=doc-1`);
  const body = open.text();
  const { code, text } = await service.stop(signal, signal, signal);
  // Windows ends a child at once, without a signal.
  if (!ON_WINDOWS) {
    assertEquals({ code, text }, { code: 0, text: "" });
    assertMatch(await body, /event: baseline/);
  } else await body.catch(() => {});
});

Deno.test("main does what the curl lines of the docs say", async () => {
  const readme = (path: string) =>
    Deno.readTextFile(new URL(path, import.meta.url));
  const texts = [
    { text: () => readme("../README.md"), count: 3 },
    { text: () => readme("http/README.md"), count: 5 },
  ];
  for (const { text, count } of texts) {
    await using service = await Service.start();
    const { port } = new URL(service.url);
    const requests = curlRequests(await text());
    assertEquals(requests.length, count);
    const [published, asked, watched, named, listed] = requests.map(
      ({ url, init }) => {
        const there = new URL(url);
        assertEquals(there.port, "8787");
        there.port = port;
        return () => fetch(there, init);
      },
    );
    assert(published && asked && watched);
    assertEquals((await read(await published())).sequences, [1]);
    const { summaries } = await read(await asked());
    const alice = { subject: "alice", context: "doc-1", activity: "editing" };
    assertObjectMatch({ summaries }, { summaries: [alice] });
    const events = new EventReader(await watched());
    const { snapshots } = await events.data();
    assertEquals(records(snapshots).map(({ subject }) => subject), ["alice"]);
    await events.cancel();
    if (named !== undefined && listed !== undefined) {
      assertEquals((await read(await named())).sequences, [2]);
      const people = await read(await listed());
      const bob = { user_id: "bob", name: "Bob", activity: "editing" };
      assertObjectMatch(people, { active_users: [bob], total_count: 1 });
    }
    await service.stop("SIGINT");
  }
});

Deno.test("main serves the page, and sends what HTTP publishes to sockets of both dialects", async () => {
  await using service = await Service.start();
  const page = await fetch(service.url);
  assertEquals(page.headers.get("content-type"), "text/html; charset=utf-8");
  assertMatch(await page.text(), /^<!doctype html>/i);

  const client = new PresenceClient({ url: service.url });
  const robot = { subject: "robot", context: "realtime:lab", ttlMs: 60_000 };
  await client.publish({ ...robot, facets: { activity: "acting" } });
  const host = new URL(service.url).host;
  const closed: Promise<number>[] = [];
  for (const path of ["/socket/websocket", "/realtime/v1/websocket"]) {
    const plain = await fetch(`http://${host}${path}`);
    assertEquals(plain.status, 426);
    await plain.body?.cancel();
    const socket = new WebSocket(`ws://${host}${path}?vsn=2.0.0`);
    closed.push(
      new Promise((resolve) => socket.onclose = ({ code }) => resolve(code)),
    );
    const frames: unknown[] = [];
    const state = new Promise<void>((resolve) =>
      socket.onmessage = ({ data }) => {
        if (frames.push(JSON.parse(data)) === 2) resolve();
      }
    );
    await new Promise((resolve) => socket.onopen = resolve);
    socket.send('["1","1","realtime:lab","phx_join",{}]');
    await state;
    assertObjectMatch({ frames }, {
      frames: [
        ["1", "1", "realtime:lab", "phx_reply", { status: "ok" }],
        ["1", null, "realtime:lab", "presence_state", {
          robot: { metas: [{ activity: "acting" }] },
        }],
      ],
    });
  }
  const { code } = await service.stop("SIGINT");
  if (!ON_WINDOWS) {
    assertEquals(code, 0);
    assertEquals(await Promise.all(closed), [1012, 1012]);
  } else await Promise.all(closed);
});

Deno.test("main accepts broadcasts over HTTP where Supabase's clients send them", async () => {
  await using service = await Service.start();
  for (
    const path of [
      "realtime/v1/api/broadcast",
      "api/broadcast",
      "realtime/v1/api/broadcast/room/events/wave",
    ]
  ) {
    const { body, status } = await fetch(`${service.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `{"messages":[{"topic":"room","event":"wave","payload":1}]}`,
    });
    await body?.cancel();
    assertEquals(status, 202);
  }
  await service.stop("SIGINT");
});

Deno.test("main prefers its options to its environment", async () => {
  const env = {
    RUTHERE_PORT: "1",
    RUTHERE_HOST: "0.0.0.0",
    RUTHERE_INSECURE: "1",
  };
  await using service = await Service.start(["--", "--port", "0"], env);
  const { port } = new URL(service.url);
  assertEquals(service.url, `http://0.0.0.0:${port}/`);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/presence?context=a`);
  assertEquals((await answer.json()).count, 0);
  await service.stop("SIGINT");
});

Deno.test("main reports a taken port", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  assertEquals(
    await failure(["--port", String(port)]),
    `Cannot start: port ${port} of 127.0.0.1 is taken; choose another one\n`,
  );
});

Deno.test("main refuses a host that others can reach", async () => {
  const hosts = ["0.0.0.0", "::", "192.0.2.1", "127.0.0.1.evil.example"];
  for (const host of [...hosts, "127.0.0.999"]) {
    const text = await failure(["--host", host]);
    assertMatch(
      text,
      /^Cannot start: others can reach the host ".*" of --host, .*\n$/,
    );
  }
  const text = await failure([], { RUTHERE_HOST: "0.0.0.0" });
  assertMatch(text, /--insecure/);
});

Deno.test("main refuses invalid options and variables", async () => {
  const bad: [string[], Record<string, string>?][] = [
    [["--prot", "1"]],
    [["--port"]],
    [["--port", "eighty"]],
    [["--port", "65536"]],
    [["--port", "-1"]],
    [["8787"]],
    [["--insecure=yes"]],
    [["--grace-ms", "soon"]],
    [["--lease-ms", "5"]],
    [["--backbone", "postgres://127.0.0.1"]],
    [["--metrics-port", "many"]],
    [["--metrics-documents", "all"]],
    [["--origin", "app.example"]],
    [[], { RUTHERE_METRICS_TOKEN: "two words" }],
    [["--jwt-issuer", "app"]],
    [["--jwks-url", "https://login.example/keys"]],
    [["--jwks-url", "http://login.example/keys", ...TOKEN_RULES]],
    [["--jwks-url", "https://login.example/keys", ...TOKEN_RULES], {
      RUTHERE_JWT_SECRET: SECRET,
    }],
    [[...TOKEN_RULES], { RUTHERE_JWT_SECRET: "short" }],
    [["--backbone", "redis://"]],
    [["--port", "0", "--backbone", "redis://127.0.0.1/first"]],
    [[], { RUTHERE_BACKBONE: "127.0.0.1:6379" }],
    [[], { RUTHERE_PORT: "" + 1e9 }],
    [[], { RUTHERE_INSECURE: "maybe" }],
  ];
  for (const [args, env] of bad) {
    assertMatch(await failure(args, env), /^Cannot start: [^\n]+\n$/);
  }
});

Deno.test("main names the option or variable with a wrong value", async () => {
  const bad: [string[], Record<string, string>, string][] = [
    [["--grace-ms", "soon"], { RUTHERE_GRACE_MS: "later" }, "--grace-ms must"],
    [[], { RUTHERE_GRACE_MS: "later" }, "RUTHERE_GRACE_MS must"],
    [[], { RUTHERE_LEASE_MS: "5" }, "RUTHERE_LEASE_MS must"],
    [[], { RUTHERE_PORT: "x" }, "RUTHERE_PORT must"],
    [[], { RUTHERE_METRICS_PORT: "x" }, "RUTHERE_METRICS_PORT must"],
    [[], { RUTHERE_METRICS_DOCUMENTS: "x" }, "RUTHERE_METRICS_DOCUMENTS must"],
    [[], { RUTHERE_BACKBONE: "x" }, "RUTHERE_BACKBONE must"],
    [
      ["--port", "0", "--backbone", "redis://127.0.0.1/first"],
      {},
      "--backbone must",
    ],
    [
      ["--port", "0"],
      { RUTHERE_BACKBONE: "redis://:%zz@127.0.0.1" },
      "RUTHERE_BACKBONE must",
    ],
    [
      [],
      { RUTHERE_HOST: "0.0.0.0" },
      'others can reach the host "0.0.0.0" of RUTHERE_HOST,',
    ],
    [["--origin", "x"], {}, "--origin must"],
    [[], { RUTHERE_ORIGINS: "x" }, "RUTHERE_ORIGINS must"],
    [["--jwks-url", "x", ...TOKEN_RULES], {}, "--jwks-url must"],
    [[...TOKEN_RULES], { RUTHERE_JWKS_URL: "x" }, "RUTHERE_JWKS_URL must"],
    [[...TOKEN_RULES], { RUTHERE_JWT_SECRET: "x" }, "RUTHERE_JWT_SECRET must"],
    [[], { RUTHERE_GOODBYE_SECRET: "x" }, "RUTHERE_GOODBYE_SECRET must"],
  ];
  for (const [args, env, start] of bad) {
    const text = await failure(args, env);
    assertEquals(text.slice(0, 14 + start.length), `Cannot start: ${start}`);
  }
});

Deno.test("main warns of unknown variables by name", async () => {
  await using service = await Service.start([], {
    RUTHERE_JWT_SECERT: "the secret",
    RUTHERE_ORIGIN: "https://app.example",
    RUTHERE_NODE: "a",
    RUTHERE_RUNS: "100",
  });
  const { text } = await service.stop("SIGINT");
  assertMatch(
    text,
    /^ruthere does not know these variables: RUTHERE_JWT_SECERT, RUTHERE_ORIGIN$/m,
  );
  assertEquals(text.includes("the secret"), false);
});

Deno.test("main requires a valid token, on any host", async () => {
  await using service = await Service.start(
    ["--host", "0.0.0.0", ...TOKEN_RULES],
    { RUTHERE_JWT_SECRET: SECRET, RUTHERE_METRICS_TOKEN: "s3cret" },
  );
  const url = `http://127.0.0.1:${new URL(service.url).port}`;
  const ask = async (path: string, token?: string) => {
    const headers: Record<string, string> = token === undefined
      ? {}
      : { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}${path}`, { headers });
    return { status: response.status, text: await response.text() };
  };
  const token = await signed({ presence: { read: ["document:*"] } });
  const document = "/v1/documents/42/presence";
  assertEquals((await ask(document)).status, 401);
  assertEquals((await ask(document, `${token}x`)).status, 401);
  assertEquals((await ask(document, token)).status, 200);
  assertEquals((await ask("/v1/presence?context=lobby", token)).status, 403);

  const opens = async (query: string) => {
    const socket = new WebSocket(
      `${url}/socket/websocket?vsn=2.0.0${query}`.replace("http", "ws"),
    );
    return await new Promise<boolean>((resolve) => {
      socket.onopen = () => socket.close();
      socket.onclose = ({ wasClean }) => resolve(wasClean);
      socket.onerror = (event) => event.preventDefault();
    });
  };
  assertEquals(await opens(""), false);
  assertEquals(await opens(`&token=${token}`), true);

  assertEquals((await ask("/metrics")).status, 401);
  assertEquals((await ask("/metrics", token)).status, 401);
  assertMatch((await ask("/metrics", "s3cret")).text, /\nruthere_/);
  await service.stop("SIGINT");
});

Deno.test("main ignores the line ends of variables, and says so", async () => {
  await using service = await Service.start([], {
    RUTHERE_JWT_SECRET: `${SECRET}\n`,
    RUTHERE_JWT_ISSUER: "app\r\n",
    RUTHERE_JWT_AUDIENCE: "presence\n",
    RUTHERE_METRICS_TOKEN: "s3cret\n",
    RUTHERE_BACKBONE: "memory\n",
    RUTHERE_GRACE_MS: "1000\n",
    RUTHERE_INSECURE: "0\n",
  });
  const statusOf = async (path: string, token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const { body, status } = await fetch(`${service.url}${path}`, { headers });
    await body?.cancel();
    return status;
  };
  const token = await signed({ presence: { read: ["*"] } });
  assertEquals(await statusOf("v1/presence?context=a", token), 200);
  assertEquals(await statusOf("metrics", "s3cret"), 200);
  const { text } = await service.stop("SIGINT");
  const names = text.split("\n")
    .map((line) =>
      /^ruthere leaves out the line end of (\w+)$/.exec(line)?.[1]
    );
  assertEquals(names.filter(Boolean).sort(), [
    "RUTHERE_BACKBONE",
    "RUTHERE_GRACE_MS",
    "RUTHERE_INSECURE",
    "RUTHERE_JWT_AUDIENCE",
    "RUTHERE_JWT_ISSUER",
    "RUTHERE_JWT_SECRET",
    "RUTHERE_METRICS_TOKEN",
  ]);
  assertEquals(text.includes("s3cret"), false);
});

Deno.test("main hides its metrics from clients with tokens", async () => {
  await using service = await Service.start([...TOKEN_RULES], {
    RUTHERE_JWT_SECRET: SECRET,
  });
  const { status, body } = await fetch(`${service.url}metrics`);
  await body?.cancel();
  assertEquals(status, 404);
  await service.stop("SIGINT");
});

Deno.test("main serves metrics without a token to this machine only", async () => {
  const port = `${freePort()}`;
  await using service = await Service.start(
    [
      "--host",
      "0.0.0.0",
      ...TOKEN_RULES,
      "--metrics-port",
      port,
    ],
    { RUTHERE_JWT_SECRET: SECRET },
  );
  const own = await fetch(`http://127.0.0.1:${port}/metrics`);
  assertEquals(own.status, 200);
  await own.body?.cancel();
  using connection = await Deno.connect({ port: Number(port) });
  const request = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n";
  await connection.write(new TextEncoder().encode(request));
  const answer = new Uint8Array(12);
  await connection.read(answer);
  assertEquals(new TextDecoder().decode(answer), "HTTP/1.1 421");
  const others = Deno.networkInterfaces()
    .filter(({ family, address }) =>
      family === "IPv4" && !address.startsWith("127.")
    );
  for (const { address } of others) {
    await assertRejects(() => fetch(`http://${address}:${port}/metrics`));
  }
  await service.stop("SIGINT");
});

Deno.test("main accepts the pages of trusted sites", async () => {
  const app = "https://app.example";
  await using service = await Service.start(["--origin", app]);
  const ask = async (origin: string) => {
    const headers = { origin };
    const url = `${service.url}v1/presence?context=a`;
    const { status, body } = await fetch(url, { headers });
    await body?.cancel();
    return status;
  };
  assertEquals(await ask(app), 200);
  assertEquals(await ask("https://evil.example"), 403);
  await service.stop("SIGINT");
});

Deno.test("main serves its metrics on a port of their own", async () => {
  const port = `${freePort()}`;
  await using service = await Service.start(
    ["--metrics-port", port, "--metrics-documents", "1"],
  );
  const client = new PresenceClient({ url: service.url });
  const robot = { subject: "robot", context: "document:42", ttlMs: 60_000 };
  await client.publish(robot);
  const beside = await fetch(`${service.url}metrics`);
  await beside.body?.cancel();
  assertEquals(beside.status, 404);
  const alone = await fetch(`http://127.0.0.1:${port}/metrics`);
  assertMatch(
    await alone.text(),
    /\nruthere_presence_document_active_users\{document_id="42"\} 1\n/,
  );
  const { code } = await service.stop("SIGINT");
  if (!ON_WINDOWS) assertEquals(code, 0);
});

Deno.test("main serves, and shuts down, while its backbone is down", async () => {
  for (const backbone of ["redis://127.0.0.1:1", "nats://127.0.0.1:1"]) {
    const args = ["--backbone", backbone];
    await using service = await Service.start(args);
    for (const query of ["context=doc-1", "subject=alice"]) {
      const answer = await fetch(`${service.url}v1/presence?${query}`);
      assertObjectMatch(await read(answer), {
        summaries: [],
        incomplete: true,
      });
    }
    const { code, text } = await service.stop("SIGTERM");
    assertEquals(code, 0);
    assertMatch(text, /connects to its backbone[^]+refused/i);
  }
});

Deno.test("main does not print the password of its backbone", async () => {
  const text = await failure(["--backbone", "redis//:secret@127.0.0.1"]);
  assertEquals(text.includes("secret"), false);
});

Deno.test("main --help lists the options", async () => {
  const { code, stdout } = await spawnService(["--help"]).output();
  assertEquals(code, 0);
  assertMatch(new TextDecoder().decode(stdout), /^Usage: [^]*--insecure/);
});
