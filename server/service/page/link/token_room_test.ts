/// <reference lib="dom" />

/**
 * Both pages in a real browser, against a service that requires tokens.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SignJWT } from "jose";
import type { Page } from "playwright-core";
import {
  browserTest,
  chipOf,
  cursorOf,
  participantOf,
  type People,
  runCommand,
  sharedTest,
} from "../testing/browser.ts";
import { Service } from "../../testing/service.ts";

const SECRET = "a secret of at least thirty-two bytes";
const ISSUER = "https://login.example";
const AUDIENCE = "presence";
const ARGS = ["--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE];
const ENV = { RUTHERE_JWT_SECRET: SECRET };

interface Grant {
  readonly sub: string;
  readonly name?: string;
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  /** How many seconds ago it was issued, and its lifetime in seconds. */
  readonly ago?: number;
  readonly lives?: number;
}

/** Makes the end of an address with a token. */
async function fragment(
  { read = ["*"], write = ["*"], ago = 0, lives = 600, ...claims }: Grant,
): Promise<string> {
  const issued = Math.floor(Date.now() / 1_000) - ago;
  const token = await new SignJWT({ ...claims, presence: { read, write } })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(issued)
    .setExpirationTime(issued + lives)
    .sign(new TextEncoder().encode(SECRET));
  return `#token=${token}`;
}

/** The addresses of a room and of a document that no other test uses. */
type Places = Readonly<Record<"room" | "document", string>>;

/** Tests the pages with a service that requires tokens. */
function test(
  name: string,
  run: (people: People, places: Places, name: string) => Promise<void>,
): void {
  sharedTest(
    `with tokens, the page ${name}`,
    (people, url, name) =>
      run(people, {
        room: `${url}?room=${name}`,
        document: `${url}document?document=${name}`,
      }, name),
    ARGS,
    ENV,
  );
}

/** Tests the pages with services of its own. */
function ownTest(name: string, run: (people: People) => Promise<void>): void {
  browserTest(`with tokens, the page ${name}`, run);
}

async function banner(page: Page, text: string): Promise<void> {
  await page.getByRole("status").getByText(text).waitFor();
}

/** Waits until the page says why it is not let in. */
async function shutOut(page: Page, text: string): Promise<void> {
  await banner(page, text);
  assertEquals(await page.locator("#link").textContent(), "Refused");
  await page.getByRole("heading", { name: "You are not let in." }).waitFor();
}

/**
 * Opens a page with a token that expires while its person is there. A machine
 * that is too slow for its lifetime gets a longer one.
 *
 * @param lives The lifetime in seconds: 60 of them are over, and the service
 * adds 5, by which clocks may differ.
 */
async function openUntilExpired(
  people: People,
  url: string,
  lives: number,
): Promise<Page> {
  const page = await people.openAs(
    url + await fragment({ sub: "ada", ago: 60, lives }),
    {},
  );
  const self = page.locator("[data-you]");
  const refused = page.getByRole("heading", { name: "You are not let in." });
  await self.or(refused).first().waitFor();
  if (await self.isVisible()) return page;
  await page.close();
  return await openUntilExpired(people, url, 2 * lives - 60);
}

/** Returns the address that the browser shows. */
function address(page: Page): Promise<string> {
  return page.evaluate(() => location.href);
}

test(
  "shows two people to each other, by their subjects",
  async (people, { room }) => {
    const ada = await people.openAs(
      room + await fragment({ sub: "user/ada", name: "Ada" }),
      { key: "guest-1", name: "Somebody Else" },
    );
    await chipOf(ada, "Ada").getByText("you", { exact: true }).waitFor();
    assertEquals(await address(ada), room);
    const bob = await people.openAs(room + await fragment({ sub: "bob" }), {});
    await chipOf(ada, "bob").waitFor();
    await chipOf(bob, "Ada").waitFor();
    await ada.getByRole("heading", { name: "You and bob are here." }).waitFor();
    await bob.getByRole("heading", { name: "You and Ada are here." }).waitFor();
    await bob.getByLabel("Name").fill("Robert");
    await chipOf(ada, "Robert").waitFor();
    assertEquals(await ada.locator(".chip").count(), 2);
  },
);

test(
  "keeps the token from one room to the other, and through a reload",
  async (people, places, name) => {
    const ada = await people.openAs(
      places.room + await fragment({ sub: "ada" }),
      {},
    );
    const bob = await people.openAs(
      places.document + await fragment({ sub: "bob" }),
      {},
    );
    await chipOf(ada, "ada").waitFor();
    await ada.getByRole("link", { name: `document:${name}` }).click();
    await ada.locator(".participant[data-you]", { hasText: "ada" }).waitFor();
    await participantOf(bob, "ada").waitFor();
    await bob.reload();
    await bob.locator(".participant[data-you]", { hasText: "bob" }).waitFor();
    assertEquals(await address(bob), places.document);
    await bob.locator("#text").fill("written by bob");
    await cursorOf(ada, "bob").waitFor();
    await ada.waitForFunction(() =>
      document.querySelector("textarea")?.value === "written by bob"
    );
    await ada.getByRole("link", { name: `room:${name}` }).click();
    await chipOf(ada, "ada").waitFor();
  },
);

test(
  "keeps the token in a second tab, and offers no other person",
  async (people, { room }) => {
    const ada = await people.openAs(room + await fragment({ sub: "ada" }), {});
    await chipOf(ada, "ada").waitFor();
    const [second] = await Promise.all([
      ada.context().waitForEvent("page"),
      ada.getByRole("link", { name: "Open a second tab" }).click(),
    ]);
    await chipOf(second, "ada").getByText("2 tabs · 1 device").waitFor();
    assertEquals(await ada.getByText("Come in as somebody else").count(), 0);
  },
);

test(
  "shows a command that publishes as the person of the token",
  async (people, { room }) => {
    const hash = await fragment({ sub: "ada" });
    const ada = await people.openAs(room + hash, {});
    await chipOf(ada, "ada").getByText("1 tab · 1 device").waitFor();
    await runCommand(ada, { TOKEN: hash.replace("#token=", "") });
    await chipOf(ada, "ada").getByText("1 tab · 2 devices").waitFor();
  },
);

for (const kind of ["room", "document"] as const) {
  test(
    `refuses people without a token in a ${kind}`,
    async (people, { [kind]: url }) => {
      const tried: string[] = [];
      const ada = await people.openAs(
        url + await fragment({ sub: "ada" }),
        {},
      );
      await ada.locator("[data-you]").waitFor();
      const eve = await people.openAs(url, { key: "ada", name: "Eve" });
      await shutOut(
        eve,
        "This service wants a token: open the page with #token=…",
      );
      assertEquals(await eve.locator(".chip, .participant").count(), 0);
      assertEquals(await ada.locator(".chip, .participant").count(), 1);
      // A socket that was opened before the refusal may still be on its way.
      await eve.routeWebSocket(/./, (socket) => {
        tried.push(socket.url());
        socket.connectToServer();
      });
      // A token in the address of the open page works at once.
      await eve.goto(url + await fragment({ sub: "eve" }));
      await eve.locator("[data-you]", { hasText: "eve" }).waitFor();
      assertEquals(await address(eve), url);
      assertEquals(tried.length, 1);
      assert(!tried.join().includes("eyJ"), `${tried}`);
      // Nothing takes the route away.
      await eve.context().close();
    },
  );

  test(
    `refuses a token without a right to the ${kind}`,
    async (people, { [kind]: url }, name) => {
      const grant = { sub: "ada", read: ["club"], write: ["*"] };
      const ada = await people.openAs(url + await fragment(grant), {});
      await shutOut(ada, `Your token does not let you into ${kind}:${name}.`);
    },
  );

  test(
    `shows a ${kind} to somebody whose token may only read`,
    async (people, { [kind]: url }) => {
      const reader = { sub: "ada", write: [] };
      const bob = await people.openAs(
        url + await fragment({ sub: "bob" }),
        {},
      );
      await bob.locator("[data-you]").waitFor();
      const ada = await people.openAs(url + await fragment(reader), {});
      await banner(ada, "Your token lets you only read here");
      assertEquals(await ada.locator("#link").textContent(), "Live");
      await ada.getByRole("heading", { name: "bob is here." }).waitFor();
      await ada.locator("#name").fill("Ada");
      await ada.locator("#name").press("Enter");
      if (kind === "document") {
        assertEquals(await ada.locator("#text").isEditable(), false);
        await bob.locator("#text").fill("written by bob");
        await ada.waitForFunction(() =>
          document.querySelector("textarea")?.value === "written by bob"
        );
      }
      await banner(ada, "Your token lets you only read here");
      assertEquals(await bob.locator(".chip, .participant").count(), 1);
    },
  );

  test(
    `says in a ${kind} that a token has expired`,
    async (people, { [kind]: url }) => {
      const late = await fragment({ sub: "ada", ago: 60, lives: 50 });
      const ada = await people.openAs(url + late, {});
      await shutOut(ada, "Your token has expired.");
    },
  );
}

test(
  "says that a token has expired, and does not get in with it again",
  async (people, { document: url }) => {
    const ada = await openUntilExpired(people, url, 63);
    await shutOut(ada, "Your token has expired.");
    assertEquals(await ada.locator("#text").isEditable(), false);
    await ada.reload();
    await shutOut(ada, "Your token has expired.");
    await ada.goto(url + await fragment({ sub: "ada" }));
    await ada.locator("[data-you]").waitFor();
  },
);

test("says what is wrong with a token", async (people, { room: url }) => {
  const good = await fragment({ sub: "ada" });
  const ada = await people.openAs(`${url}#token=nonsense?`, {});
  await shutOut(ada, "Your token is malformed.");
  await ada.goto(`${url}${good.slice(0, -6)}AAAAAA`);
  await shutOut(
    ada,
    "The service does not take your token: the token is not signed correctly.",
  );
  await ada.goto(url + good);
  await chipOf(ada, "ada").waitFor();
  await ada.goto(`${url}#token=`);
  await shutOut(ada, "This service wants a token");
});

ownTest("connects again when the service is back", async (people) => {
  await using service = await Service.start(ARGS, ENV);
  const { url, port } = service;
  const ada = await people.openAs(url + await fragment({ sub: "ada" }), {});
  await chipOf(ada, "ada").waitFor();
  await service.kill();
  await banner(ada, "Connection lost");
  await using _again = await Service.start([...ARGS, "--port", port], ENV);
  await banner(ada, "Connected again");
  await chipOf(ada, "ada").waitFor();
});

ownTest(
  "is opened by the address that the README of tokens prints",
  async (people) => {
    const readme = new URL("../../../tokens/README.md", import.meta.url);
    const text = await Deno.readTextFile(readme);
    const [start = "", make = ""] = text.matchAll(/```sh\n([^]*?)```/g)
      .map(([, script]) => script);
    const [, args = ""] = /deno task start (.*)/.exec(start) ?? [];
    const [, secret = ""] = /RUTHERE_JWT_SECRET="(.*)"/.exec(start) ?? [];
    const env = { RUTHERE_JWT_SECRET: secret };
    await using service = await Service.start(args.split(" "), env);
    const script = make.replaceAll("8787", service.port)
      .replace("deno eval", '"$DENO" eval')
      .replace("curl", "curl --silent --show-error");
    const shell = await new Deno.Command("sh", {
      args: ["-euc", script],
      cwd: new URL("../../../..", import.meta.url),
      env: { DENO: Deno.execPath() },
      stderr: "inherit",
    }).output();
    assertEquals(shell.code, 0);
    const printed = new TextDecoder().decode(shell.stdout);
    assertStringIncludes(printed, '"context":"room:lobby"');
    const [address = ""] = /http:\S+$/m.exec(printed) ?? [];
    const ada = await people.openAs(address, {});
    await chipOf(ada, "ada").getByText("you", { exact: true }).waitFor();
  },
);

ownTest("works where none are required, and still uses one", async (people) => {
  await using open = await Service.start();
  const ada = await people.openAs(
    open.url + await fragment({ sub: "ada" }),
    {},
  );
  const bob = await people.joinRoom(open.url, "Bob");
  await chipOf(ada, "Bob").waitFor();
  await chipOf(bob, "ada").waitFor();
  await chipOf(ada, "ada").getByText("you", { exact: true }).waitFor();
});
