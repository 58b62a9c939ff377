import { assert, assertEquals, assertMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ServiceSocket } from "./service_socket.js";

const TOKEN = { text: "a.b.c", subject: "ada", name: "ada" };
const MINUTE_MS = 60_000;
const STEP_MS = 500;

/** A socket of the browser, opened and closed by the test. */
class Line {
  readyState: number = WebSocket.CONNECTING;
  onopen = () => {};
  onclose = (_event: object) => {};

  constructor(
    readonly url: string,
    readonly protocols?: readonly string[],
  ) {}

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
 * A page with a clock of its own, whose sockets are lines, and whose questions
 * the service answers with a status.
 */
function page(answer: { status?: number; refuses?: boolean } = {}) {
  const lines: Line[] = [];
  const asked: string[] = [];
  const told: string[] = [];
  const knock = (url: string, protocols?: readonly string[]) => {
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
        return knock(url, protocols);
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
    told,
    /** Lets time pass in steps: something happens between two timers. */
    async pass(ms: number): Promise<void> {
      for (let at = 0; at < ms; at += STEP_MS) await time.tickAsync(STEP_MS);
    },
    socket: (token: ConstructorParameters<typeof ServiceSocket>[1]) =>
      new ServiceSocket("room:lobby", token, {
        onLost: () => void told.push("lost"),
        onShut: (sentence) => void told.push(sentence),
      }, browser),
    [Symbol.dispose]: () => time.restore(),
  };
}

Deno.test("a socket brings its token in the subprotocol, and never in the URL", () => {
  using here = page();
  const socket = here.socket(TOKEN);
  socket.connect();
  const [line] = here.lines;
  assertEquals(line?.protocols, [
    "phoenix",
    `base64url.bearer.phx.${btoa("a.b.c").replaceAll("=", "")}`,
  ]);
  assertEquals(
    line?.url,
    "ws://presence.example/socket/websocket?vsn=2.0.0",
  );
  socket.end();
});

Deno.test("a socket that is refused for the token asks once why, and knocks no more", async () => {
  for (const token of [undefined, TOKEN]) {
    using here = page({ status: 401, refuses: true });
    const socket = here.socket(token);
    socket.connect();
    await here.pass(MINUTE_MS);
    assertEquals(here.told.length, 1);
    assertMatch(
      here.told.join(),
      token ? /^The service does not take/ : /^This service wants a token/,
    );
    assertEquals(here.asked.length, 1);
    assertEquals(here.lines.length, 1);
  }
});

Deno.test("a socket that is refused for anything else comes back, ever more slowly", async () => {
  for (const status of [undefined, 200, 429, 500]) {
    using here = page({ status, refuses: true });
    const socket = here.socket(TOKEN);
    socket.connect();
    await here.pass(MINUTE_MS);
    const first = here.lines.length;
    await here.pass(MINUTE_MS);
    const second = here.lines.length - first;
    assert(9 <= second && second <= 12, `${second} times in a minute`);
    assert(first < 24, `${first} times in the first minute`);
    assertEquals(new Set(here.told), new Set(["lost"]));
    socket.end();
  }
});

Deno.test("a socket whose token has expired says so at once, and knocks no more", async () => {
  using here = page({ status: 401 });
  const socket = here.socket(TOKEN);
  socket.connect();
  here.lines[0]?.open();
  here.lines[0]?.close(1008, "token expired");
  await here.pass(MINUTE_MS);
  assertEquals(here.told.length, 1);
  assertMatch(here.told.join(), /^Your token has expired\./);
  assertEquals([here.asked.length, here.lines.length], [0, 1]);
});

Deno.test("a socket that is lost comes back without asking", async () => {
  using here = page({ status: 401 });
  const socket = here.socket(TOKEN);
  socket.connect();
  here.lines[0]?.open();
  here.lines[0]?.close(1012, "service restart");
  assertEquals(here.told, ["lost"]);
  await here.pass(1_000);
  assertEquals(here.lines.length, 2);
  here.lines[1]?.open();
  await here.pass(1_000);
  assertEquals([here.told, here.asked], [["lost"], []]);
  socket.end();
});

Deno.test("a socket is not even tried with what is no token", () => {
  using here = page();
  here.socket({ text: "x", subject: undefined, name: undefined }).connect();
  assertMatch(here.told.join(), /^Your token is malformed\./);
  assertEquals(here.lines, []);
});

Deno.test("a socket that has ended tells nothing", async () => {
  using here = page({ status: 401 });
  const socket = here.socket(TOKEN);
  socket.connect();
  const [line] = here.lines;
  line?.open();
  socket.end();
  line?.close(1008, "token expired");
  socket.shut("anything");
  await here.pass(MINUTE_MS);
  assertEquals([here.told, here.lines.length], [[], 1]);
});
