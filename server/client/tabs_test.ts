/// <reference lib="dom" />

import { assertEquals, assertNotEquals } from "@std/assert";
import { stripTypeScriptTypes } from "node:module";
import type { BrowserContext, Page } from "playwright-core";
import { tokenOf, upgradeInDeno } from "../phoenix/mod.ts";
import { identity, serve, type Service } from "../phoenix/testing/service.ts";
import { browserTest } from "../service/page/testing/browser.ts";
import { eventually } from "../testing/waiting.ts";
import type { LiveClientOptions, LiveRoom } from "./mod.ts";
import { clientOf, type Model, until } from "./testing/live.ts";

declare global {
  interface Document {
    /** The room of a tab. */
    room: LiveRoom<Model>;
  }
}

const ROOT = new URL("../../", import.meta.url);

/** A service whose pages have the modules of the package. */
class Site implements AsyncDisposable {
  readonly service: Service;
  /** How many sockets have opened, pipes included. */
  opened = 0;
  readonly #http: Deno.HttpServer<Deno.NetAddr>;
  readonly #context: BrowserContext;

  constructor(context: BrowserContext) {
    this.#context = context;
    this.service = serve({
      authorize: (request) => identity({ subject: tokenOf(request) }),
      server: { graceMs: 3_000 },
    });
    this.#http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/socket/websocket") {
          this.opened++;
          return await upgradeInDeno(this.service.endpoint, request);
        }
        if (!pathname.endsWith(".ts")) {
          const headers = { "content-type": "text/html" };
          return new Response("<!DOCTYPE html>", { headers });
        }
        const code = await Deno.readTextFile(new URL(`.${pathname}`, ROOT));
        const headers = { "content-type": "text/javascript" };
        return new Response(stripTypeScriptTypes(code), { headers });
      },
    );
  }

  get port(): number {
    return this.#http.addr.port;
  }

  /** Opens an empty tab. */
  async page(port = this.port): Promise<Page> {
    const page = await this.#context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    return page;
  }

  /** Opens a tab of somebody, in the room. */
  async tab(
    name: string,
    options: Partial<LiveClientOptions> = {},
  ): Promise<Page> {
    const page = await this.page();
    await this.enter(page, name, options);
    return page;
  }

  /** Lets somebody in a tab enter the room. */
  async enter(
    page: Page,
    name: string,
    options: Partial<LiveClientOptions> = {},
  ): Promise<void> {
    await page.evaluate(async ([name, options, client]) => {
      const { LiveClient }: typeof import("./mod.ts") = await import(client);
      const live = new LiveClient<Model>({
        url: location.origin,
        token: () => name,
        ...options,
      });
      const room = live.room("doc-42", { facets: { name }, activity: true });
      Object.assign(document, { room });
    }, [name, options, "/server/client/mod.ts"] as const);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await this.service[Symbol.asyncDispose]();
    await this.#http.shutdown();
  }
}

/** A way to a site, which can swallow what its present connections carry. */
class Way implements Disposable {
  readonly #listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  readonly #connections = new Set<Deno.Conn>();
  #swallowed: ReadonlySet<Deno.Conn> = new Set();

  constructor(site: Site) {
    this.#accept(site.port);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  swallow(): void {
    this.#swallowed = new Set(this.#connections);
  }

  async #accept(port: number): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ port, hostname: "127.0.0.1" });
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#connections.add(from);
        this.#copy(from, to).catch(() => {});
      }
    }
  }

  async #copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const writer = to.writable.getWriter();
    for await (const bytes of from.readable) {
      if (!this.#swallowed.has(from)) await writer.write(bytes);
    }
    await writer.close();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // The browser has closed it.
      }
    }
  }
}

/** Waits until a tab shows these others. */
async function shows(page: Page, ...names: string[]): Promise<void> {
  await page.waitForFunction((names) => {
    const others = document.room.others.get();
    return others.map(({ id }) => id).sort().join() === names;
  }, names.sort().join());
}

/** Follows the room from elsewhere: who was ever missed. */
function observer(service: Service, ...names: string[]) {
  const client = clientOf(service, { token: () => "observer" });
  const room = client.room("doc-42");
  const ids = room.select(({ others }) => others.map(({ id }) => id));
  const missed = new Set<string>();
  return {
    room,
    missed,
    async isThere(...all: string[]) {
      await until(ids, (ids) => all.every((id) => ids.includes(id)));
      ids.subscribe((ids) => {
        for (const name of names) if (!ids.includes(name)) missed.add(name);
      });
    },
    leaves: (id: string) => until(ids, (ids) => !ids.includes(id)),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

function tabTest(name: string, run: (site: Site) => Promise<void>): void {
  browserTest(name, async (people) => {
    const page = await people.newPage();
    await using site = new Site(page.context());
    await run(site);
  });
}

tabTest(
  "the tabs of a browser share a socket, and each is a connection",
  async (site) => {
    const [ada, bob, eve] = [
      await site.tab("ada"),
      await site.tab("bob"),
      await site.tab("eve"),
    ];
    await shows(ada, "bob", "eve");
    await shows(bob, "ada", "eve");
    await shows(eve, "ada", "bob");
    assertEquals([site.opened, site.service.endpoint.sockets.size], [1, 3]);
  },
);

tabTest("a tab that shares no socket has its own", async (site) => {
  const ada = await site.tab("ada");
  const bob = await site.tab("bob", { shareTabs: false });
  await shows(ada, "bob");
  await shows(bob, "ada");
  assertEquals([site.opened, site.service.endpoint.sockets.size], [2, 2]);
});

tabTest(
  "when the tab with the socket closes, another one opens it, and nobody else is seen to leave",
  async (site) => {
    const { service } = site;
    const ada = await site.tab("ada");
    const bob = await site.tab("bob");
    const eve = await site.tab("eve");
    using all = observer(service, "bob", "eve");
    await all.isThere("ada", "bob", "eve");
    await ada.close();
    await all.leaves("ada");
    await shows(bob, "eve");
    await shows(eve, "bob");
    await eve.evaluate(() => {
      document.room.update({ cursor: { x: 7, y: 0 } });
    });
    await until(all.room.person("eve"), (eve) => eve?.facets.cursor?.x === 7);
    assertEquals([...all.missed, site.opened], [2]);
  },
);

tabTest(
  "a tab that closes without a goodbye leaves, and the others stay",
  async (site) => {
    const ada = await site.tab("ada");
    const bob = await site.tab("bob");
    await shows(ada, "bob");
    await bob.close();
    await shows(ada);
    assertEquals([site.opened, site.service.endpoint.sockets.size], [1, 1]);
  },
);

tabTest(
  "a tab with the socket that is frozen is replaced, and nobody is seen to leave",
  async (site) => {
    const ada = await site.tab("ada");
    const bob = await site.tab("bob");
    using all = observer(site.service, "ada", "bob");
    await all.isThere("ada", "bob");
    const devTools = await ada.context().newCDPSession(ada);
    await devTools.send("Debugger.enable");
    const isFrozen = new Promise((done) =>
      devTools.on("Debugger.paused", done)
    );
    await devTools.send("Debugger.pause");
    // It stops at the next thing that it does.
    await bob.evaluate(() => {
      document.room.update({
        cursor: { x: 1, y: 0 },
      });
    });
    await isFrozen;
    await bob.evaluate(() => {
      // Somebody looks at the tab.
      dispatchEvent(new Event("focus"));
      document.room.update({ cursor: { x: 9, y: 0 } });
    });
    await until(all.room.person("bob"), (bob) => bob?.facets.cursor?.x === 9);
    assertEquals([...all.missed, site.opened], [2]);
    await devTools.send("Debugger.disable");
    // Now through the tab that took its place.
    await ada.evaluate(() => {
      document.room.update({ cursor: { x: 5, y: 0 } });
    });
    await until(all.room.person("ada"), (ada) => ada?.facets.cursor?.x === 5);
    await eventually(
      () => site.service.endpoint.sockets.size === 3,
      "two tabs and the observer have sockets",
    );
    assertEquals([...all.missed, site.opened], [2]);
  },
);

tabTest(
  "tabs whose connection is dead open another one, also if one tab alone knows it",
  async (site) => {
    using way = new Way(site);
    const [ada, bob] = [await site.page(way.port), await site.page(way.port)];
    await site.enter(ada, "ada");
    await shows(ada);
    await site.enter(bob, "bob");
    await shows(bob, "ada");
    using all = observer(site.service, "ada", "bob");
    await all.isThere("ada", "bob");
    way.swallow();
    await bob.evaluate(() => {
      // Somebody looks at the tab.
      dispatchEvent(new Event("focus"));
      document.room.update({ cursor: { x: 9, y: 0 } });
    });
    await until(all.room.person("bob"), (bob) => bob?.facets.cursor?.x === 9);
    await ada.evaluate(() => {
      document.room.update({ cursor: { x: 5, y: 0 } });
    });
    await until(all.room.person("ada"), (ada) => ada?.facets.cursor?.x === 5);
    assertEquals([...all.missed, site.opened], [2]);
  },
);

tabTest("a tab that gets no locks has its own socket", async (site) => {
  const ada = await site.page();
  await ada.evaluate(() => {
    // As for users who let pages keep nothing.
    const denied = new DOMException("Denied", "SecurityError");
    navigator.locks.request = () => Promise.reject(denied);
  });
  await site.enter(ada, "ada");
  const bob = await site.tab("bob");
  await shows(ada, "bob");
  await shows(bob, "ada");
  assertEquals([site.opened, site.service.endpoint.sockets.size], [2, 2]);
});

tabTest("tabs without a token have sockets of their own", async (site) => {
  // Cookies may name another person in the next tab.
  const names = { token: undefined, subject: "ada" };
  await shows(await site.tab("ada", names));
  await shows(await site.tab("ada", names));
  assertEquals(site.opened, 2);
});

tabTest("nobody is seen to go away by a reload", async (site) => {
  const ada = await site.tab("ada");
  using all = observer(site.service, "ada");
  await all.isThere("ada");
  const seen = new Set<unknown>();
  const person = all.room.person("ada");
  person.subscribe((ada) => seen.add(ada?.availability));
  await ada.reload();
  await site.enter(ada, "ada");
  await ada.evaluate(() => document.room.update({ cursor: { x: 1, y: 0 } }));
  await until(person, (ada) => ada?.facets.cursor?.x === 1);
  assertEquals([...all.missed, ...seen], [undefined]);
});

tabTest(
  "a reload of a page that names nobody is the same person, and a second tab another one",
  async (site) => {
    const nobody = await site.page();
    const id = await idIn(nobody);
    await nobody.reload();
    assertEquals(await idIn(nobody), id);
    assertNotEquals(await idIn(await site.page()), id);
  },
);

/** Makes a client in a page that says nothing about who it is. */
function idIn(page: Page): Promise<string> {
  return page.evaluate(async (client) => {
    const { LiveClient }: typeof import("./mod.ts") = await import(client);
    return new LiveClient({ url: location.origin }).room("doc-42").me.get().id;
  }, "/server/client/mod.ts");
}
