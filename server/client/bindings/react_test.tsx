/** @jsxImportSource react */
/** @jsxImportSourceTypes @types/react */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
// @ts-types="@types/react"
import * as ReactOfServers from "react";
// @ts-types="@types/react-dom/server"
import { renderToString } from "react-dom/server";
import { eventually } from "../../testing/waiting.ts";
import {
  type LiveClient,
  type LiveDocument,
  type LiveRoom,
  sameItems,
} from "../mod.ts";
import { isLive, type Model, until } from "../testing/live.ts";
import { createReactBindings } from "./react.ts";
import { openDom } from "./testing/dom.ts";
import { move, openStage } from "./testing/room.ts";

/** React in a page. */
interface Program {
  readonly React: typeof ReactOfServers;
  /** Draws into an element; returns how to draw anew, and how to end. */
  start(element: unknown): Root;
}

interface Root {
  render(node: ReactOfServers.ReactNode): void;
  unmount(): void;
}

const PROGRAM = {
  "main.tsx": `
    export * as React from "react";
    export { createRoot as start } from "react-dom/client";
  `,
};

/** Opens a page with the bindings. */
async function openPage() {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { React } = program;
  return {
    ...dom,
    ...createReactBindings<LiveRoom<Model>>(React),
    React,
    element,
    root: program.start(element),
    shows: (text: string) =>
      eventually(() => element.textContent === text, `it shows "${text}"`),
  };
}

Deno.test("React: RoomProvider enters a room and shows the others", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, RoomProvider, useOthers, useCount, useStatus } = page;
  function People() {
    const names = useOthers((others) => others.map((p) => p.facets.name));
    return <p>{useStatus().type}: {useCount()} ({names.join(", ")})</p>;
  }
  root.render(
    <RoomProvider id="doc-42" open={stage.enter}>
      <People />
    </RoomProvider>,
  );
  await page.shows("live: 0 ()");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await page.shows("live: 1 (Bob)");
  bob.update({ name: "Bobby" });
  await page.shows("live: 1 (Bobby)");
  await bob.leave();
  await page.shows("live: 0 ()");
  root.unmount();
  await stage.logs("+ada", "+bob", "-bob", "-ada");
});

Deno.test("React: RoomProvider in StrictMode joins once", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, React, RoomProvider, useMe } = page;
  const Name = () => <p>{useMe().facets.name}</p>;
  // Over an open socket, a join is sent at once.
  await until(stage.watch("lobby").status, isLive);
  root.render(
    <React.StrictMode>
      <RoomProvider id="doc-42" open={stage.enter}>
        <Name />
      </RoomProvider>
    </React.StrictMode>,
  );
  await page.shows("Ada");
  await stage.logs("+ada");
  root.unmount();
  await stage.logs("+ada", "-ada");
});

Deno.test("React: RoomProvider of the next page keeps the room that it shares with the former one", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, RoomProvider } = page;
  const Page = ({ title }: { title: string }) => (
    <RoomProvider id="doc-42" open={stage.enter}>
      {title}
    </RoomProvider>
  );
  root.render(<Page key="1" title="first" />);
  await page.shows("first");
  await stage.logs("+ada");
  root.render(<Page key="2" title="second" />);
  await page.shows("second");
  root.unmount();
  await stage.logs("+ada", "-ada");
});

Deno.test("React: RoomProvider with another id leaves one room and enters the other", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, React, RoomProvider, useRoom } = page;
  function Title() {
    const { context } = useRoom();
    const [first] = React.useState(context);
    return <p>{context} {first}</p>;
  }
  const show = (id: string) =>
    root.render(
      <RoomProvider id={id} open={stage.enter}>
        <Title />
      </RoomProvider>,
    );
  show("doc-42");
  await page.shows("doc-42 doc-42");
  await stage.logs("+ada");
  show("doc-43");
  await page.shows("doc-43 doc-43");
  await stage.logs("+ada", "-ada");
});

Deno.test("React: RoomProvider renders nothing on a server", async () => {
  await using stage = openStage();
  const bindings = createReactBindings<LiveRoom<Model>>(ReactOfServers);
  const { RoomProvider, useMe } = bindings;
  const Name = () => <p>{useMe().facets.name}</p>;
  const html = renderToString(
    <main>
      <RoomProvider id="doc-42" open={stage.watch}>
        <Name />
      </RoomProvider>
    </main>,
  );
  assertEquals(html, "<main></main>");
  assertThrows(() => renderToString(<Name />), Error, "no RoomProvider");
});

Deno.test("React: hooks render only for what they return", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, RoomProvider } = page;
  const { useOthers, usePerson, useUpdateMe, useBroadcast, useCount } = page;
  const renders: Record<string, number> = {};
  const count = (what: string) => renders[what] = (renders[what] ?? 0) + 1;
  let update: (patch: { cursor: { x: number; y: number } }) => void = () => {};
  function Names() {
    count("names");
    const names = useOthers(
      (others) => others.map(({ facets }) => facets.name),
      sameItems,
    );
    return <p>{names.join()}</p>;
  }
  function Count() {
    count("count");
    return <p>{useCount()}</p>;
  }
  function Cursor({ id }: { id: string }) {
    count(id);
    return <i>{usePerson(id)?.facets.cursor?.x}</i>;
  }
  function Toolbar() {
    count("toolbar");
    update = useUpdateMe();
    useBroadcast();
    return null;
  }
  const room = stage.enter("doc-42");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(room.others, (all) => all.length === 1);
  stage.client("eve").room("doc-42", { facets: { name: "Eve" } });
  await until(room.others, (all) => all.length === 2);
  root.render(
    <RoomProvider id="doc-42" open={stage.watch}>
      <Names />
      <Count />
      <Cursor id="bob" />
      <Cursor id="eve" />
      <Toolbar />
    </RoomProvider>,
  );
  await page.shows("Bob,Eve2");
  const updateOfFirst = update;
  await move(bob, room, 500);
  await page.shows("Bob,Eve2500");
  for (let x = 1; x <= 500; x++) update({ cursor: { x, y: 0 } });
  await until(bob.others, (all) => all[0]?.facets.cursor?.x === 500);
  const { bob: ofBob = 0, ...once } = renders;
  assertEquals(once, { names: 1, count: 1, eve: 1, toolbar: 1 });
  assertEquals(ofBob > 1 && ofBob <= 501, true, `${ofBob} renders`);
  assertStrictEquals(update, updateOfFirst);
});

Deno.test("React: useOthers() takes a new selector in each render, and keeps what is equal", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, React, RoomProvider, useOthers } = page;
  let renders = 0;
  const seen = new Set<unknown>();
  let render = (_: { suffix: string }) => {};
  function Names() {
    renders++;
    const [{ suffix }, set] = React.useState({ suffix: "" });
    render = set;
    const names = useOthers(
      (others) => others.map(({ facets }) => facets.name + suffix),
      sameItems,
    );
    seen.add(names);
    const unequal = useOthers((others) => others.map(({ id }) => id));
    return <p>{names.join()}{unequal.length}</p>;
  }
  root.render(
    <RoomProvider id="doc-42" open={stage.watch}>
      <Names />
    </RoomProvider>,
  );
  await page.shows("0");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await page.shows("Bob1");
  assertEquals(seen.size, 2);
  const before = renders;
  render({ suffix: "!" });
  await page.shows("Bob!1");
  render({ suffix: "!" });
  await eventually(() => renders === before + 2, "it has rendered again");
  bob.update({ name: "Bobby" });
  await page.shows("Bobby!1");
  assertEquals(renders - before, 3);
  assertEquals(seen.size, 4);
});

Deno.test("React: useEvent() calls the listener of the latest render", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { root, RoomProvider, useEvent, useBroadcast } = page;
  const heard: string[] = [];
  let wave: ReturnType<typeof useBroadcast> = () => false;
  function Waves({ prefix }: { prefix: string }) {
    wave = useBroadcast();
    useEvent("wave", ({ from, payload }) => {
      heard.push(`${prefix} ${from}: ${payload.hand}`);
    });
    return <p>{prefix}</p>;
  }
  const show = (prefix: string) =>
    root.render(
      <RoomProvider id="doc-42" open={stage.enter}>
        <Waves prefix={prefix} />
      </RoomProvider>,
    );
  show("first");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(bob.others, (all) => all.length === 1);
  const answered = new Promise((resolve) => bob.on("wave", resolve));
  bob.broadcast("wave", { hand: "left" });
  await eventually(() => heard.length === 1, "the first is heard");
  show("second");
  await page.shows("second");
  bob.broadcast("wave", { hand: "right" });
  await eventually(() => heard.length === 2, "the second is heard");
  assertEquals(heard, ["first bob: left", "second bob: right"]);
  assertEquals(wave("wave", { hand: "both" }), true);
  assertEquals(await answered, { payload: { hand: "both" }, from: "ada" });
});

Deno.test("React: a document is a room too", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const bindings = createReactBindings<LiveDocument>(page.React);
  const { RoomProvider, useOthers, useRoom } = bindings;
  const client = stage.client("ada");
  function Cursors() {
    const document = useRoom();
    page.React.useEffect(
      () => document.moveCursor({ line: 1, column: 2, offset: 3 }),
      [document],
    );
    const others = useOthers();
    return <p>{others.map(({ name, cursor }) => name + cursor?.offset)}</p>;
  }
  page.root.render(
    <RoomProvider id="42" open={(id) => client.document(id, { name: "Ada" })}>
      <Cursors />
    </RoomProvider>,
  );
  const bob = stage.client("bob").document("42", { name: "Bob" });
  bob.moveCursor({ line: 1, column: 2, offset: 7 });
  await page.shows("Bob7");
  await until(bob.others, ([ada]) => ada?.cursor?.offset === 3);
  page.root.unmount();
  await until(bob.others, (all) => all.length === 0);
});

Deno.test("React: hooks have the types of the model", () => {
  const bindings = createReactBindings<LiveRoom<Model>>(ReactOfServers);
  const { RoomProvider, useOthers, useUpdateMe } = bindings;
  // Compiled, and not called.
  function _Component({ client }: { client: LiveClient }) {
    const names: (string | undefined)[] = useOthers((others) =>
      others.map(({ facets }) => facets.name)
    );
    // @ts-expect-error A facet of another type.
    useUpdateMe()({ name: 5 });
    // @ts-expect-error A document is no room of the model.
    const room = <RoomProvider id="a" open={(id) => client.document(id)} />;
    return <p>{names} {room}</p>;
  }
});
