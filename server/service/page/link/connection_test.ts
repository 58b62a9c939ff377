import { assert, assertEquals, assertMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Connection } from "./connection.js";

const TOKEN = { text: "a.b.c", subject: "ada", name: "ada" };
const MINUTE_MS = 60_000;
const STEP_MS = 500;

/** A socket of the browser, which the test opens and closes. */
class Line {
  readyState: number = WebSocket.CONNECTING;
  onopen = () => {};
  onclose = (_event: object) => {};

  constructor(
    readonly url: string,
    readonly protocols?: readonly string[],
  ) {}

  send(): void {}

  open(): void {
    this.readyState = WebSocket.OPEN;
    this.onopen();
  }

  close(code = 1006, reason = ""): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose({ code, reason });
  }
}

/**
 * A page with a clock of its own, whose sockets are lines. The service answers its
 * requests with a status.
 */
function page(answer: { status?: number; refuses?: boolean } = {}) {
  const lines: Line[] = [];
  const asked: string[] = [];
  const reports: string[] = [];
  const connect = (url: string, protocols?: readonly string[]) => {
    const line = new Line(url, protocols);
    lines.push(line);
    if (answer.refuses) queueMicrotask(() => line.close());
    return line;
  };
  const time = new FakeTime();
  const browser = {
    location: { protocol: "http:", host: "presence.example" },
    WebSocket: class {
      constructor(url: string, protocols?: readonly string[]) {
        return connect(url, protocols);
      }
    },
    fetch(url: string) {
      asked.push(url);
      const { status } = answer;
      return status === undefined
        ? Promise.reject(new TypeError("no connection"))
        : Promise.resolve(new Response(null, { status }));
    },
  };
  return {
    lines,
    asked,
    reports,
    /** Lets time pass in steps, so that promises settle between timers. */
    async pass(ms: number): Promise<void> {
      for (let at = 0; at < ms; at += STEP_MS) await time.tickAsync(STEP_MS);
    },
    connection: (token: ConstructorParameters<typeof Connection>[1]) =>
      new Connection("room:lobby", token, {
        params: () => ({}),
        messages: {},
        onPeople() {},
        onJoined() {},
        onRefused() {},
        onLost: () => void reports.push("lost"),
        onShut: (sentence) => void reports.push(sentence),
      }, browser),
    [Symbol.dispose]: () => time.restore(),
  };
}

Deno.test("Connection.open() sends its token as a subprotocol, and never in the URL", () => {
  using here = page();
  const connection = here.connection(TOKEN);
  connection.open();
  const [line] = here.lines;
  assertEquals(line?.protocols, [
    "phoenix",
    `base64url.bearer.phx.${btoa("a.b.c").replaceAll("=", "")}`,
  ]);
  assertEquals(
    line?.url,
    "ws://presence.example/socket/websocket?vsn=2.0.0",
  );
  connection.leave();
});

Deno.test("Connection asks once why its token is refused, and gives up", async () => {
  for (const token of [undefined, TOKEN]) {
    using here = page({ status: 401, refuses: true });
    const connection = here.connection(token);
    connection.open();
    await here.pass(MINUTE_MS);
    assertEquals(here.reports.length, 1);
    assertMatch(
      here.reports.join(),
      token ? /^The service does not take/ : /^This service wants a token/,
    );
    assertEquals(here.asked.length, 1);
    assertEquals(here.lines.length, 1);
  }
});

Deno.test("Connection tries again, less and less often, after any other refusal", async () => {
  for (const status of [undefined, 200, 429, 500]) {
    using here = page({ status, refuses: true });
    const connection = here.connection(TOKEN);
    connection.open();
    await here.pass(MINUTE_MS);
    const first = here.lines.length;
    await here.pass(MINUTE_MS);
    const second = here.lines.length - first;
    assert(9 <= second && second <= 12, `${second} times in a minute`);
    assert(first < 24, `${first} times in the first minute`);
    assertEquals(new Set(here.reports), new Set(["lost"]));
    connection.leave();
  }
});

Deno.test("Connection reports at once that its token has expired, and gives up", async () => {
  using here = page({ status: 401 });
  const connection = here.connection(TOKEN);
  connection.open();
  here.lines[0]?.open();
  here.lines[0]?.close(1008, "token expired");
  await here.pass(MINUTE_MS);
  assertEquals(here.reports.length, 1);
  assertMatch(here.reports.join(), /^Your token has expired\./);
  assertEquals([here.asked.length, here.lines.length], [0, 1]);
});

Deno.test("Connection reconnects after a loss without asking for a reason", async () => {
  using here = page({ status: 401 });
  const connection = here.connection(TOKEN);
  connection.open();
  here.lines[0]?.open();
  here.lines[0]?.close(1012, "service restart");
  assertEquals(here.reports, ["lost"]);
  await here.pass(1_000);
  assertEquals(here.lines.length, 2);
  here.lines[1]?.open();
  await here.pass(1_000);
  assertEquals([here.reports, here.asked], [["lost"], []]);
  connection.leave();
});

Deno.test("Connection.open() does not try with a malformed token", () => {
  using here = page();
  here.connection({ text: "x", subject: undefined, name: undefined }).open();
  assertMatch(here.reports.join(), /^Your token is malformed\./);
  assertEquals(here.lines, []);
});

Deno.test("Connection.leave() ends all reports", async () => {
  using here = page({ status: 401 });
  const connection = here.connection(TOKEN);
  connection.open();
  const [line] = here.lines;
  line?.open();
  connection.leave();
  line?.close(1008, "token expired");
  await here.pass(MINUTE_MS);
  assertEquals([here.reports, here.lines.length], [[], 1]);
});
