/** @jsxImportSource react */
/** @jsxImportSourceTypes @types/react */

import { assertEquals } from "@std/assert";
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
import { openStage } from "./testing/room.ts";
import {
  join,
  type Part,
  type Scene,
  shows,
  testBindings,
  textOf,
} from "./testing/suite.ts";

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

/** Makes a component that draws scenes. */
function drawerOf(
  React: typeof ReactOfServers,
  onDraw: (part: string) => void,
) {
  const { RoomProvider, ...use } = createReactBindings<LiveRoom<Model>>(React);
  function Drawn({ name, part }: { name: string; part: Part }) {
    onDraw(name);
    return textOf(part(use));
  }
  return function Drawer({ page, id, open, parts }: Scene) {
    const all = Object.entries(parts)
      .map(([name, part]) => <Drawn key={name} name={name} part={part} />);
    if (id === undefined) return all;
    return <RoomProvider key={page} id={id} open={open}>{all}</RoomProvider>;
  };
}

/** Opens a page. */
async function open(onDraw: (part: string) => void = () => {}) {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { React } = program;
  const root = program.start(element);
  const Drawer = drawerOf(React, onDraw);
  return {
    ...dom,
    element,
    React,
    root,
    Drawer,
    draw: (scene: Scene) => root.render(<Drawer {...scene} />),
    end: () => root.unmount(),
  };
}

testBindings({
  name: "React",
  open,
  html(scene) {
    const Drawer = drawerOf(ReactOfServers, () => {});
    return renderToString(<Drawer {...scene} />);
  },
});

Deno.test("React: StrictMode joins once", async () => {
  await using stage = openStage();
  await using page = await open();
  const { root, React, Drawer } = page;
  const parts: Scene["parts"] = { one: ({ useMe }) => useMe(() => 1) };
  // Over an open socket, a join is sent at once.
  await until(stage.watch("lobby").status, isLive);
  root.render(
    <React.StrictMode>
      <Drawer id="doc-42" open={stage.enter} parts={parts} />
    </React.StrictMode>,
  );
  await shows(page, 1);
  await stage.logs("+ada");
  root.unmount();
  await stage.logs("+ada", "-ada");
});

Deno.test("React: RoomProvider with another id makes its children anew", async () => {
  await using stage = openStage();
  await using page = await open();
  const { RoomProvider, useRoom } = createReactBindings<LiveRoom<Model>>(
    page.React,
  );
  function Title() {
    const { context } = useRoom();
    const [first] = page.React.useState(context);
    return textOf([context, first]);
  }
  for (const id of ["doc-42", "doc-43"]) {
    page.root.render(
      <RoomProvider id={id} open={stage.watch}>
        <Title />
      </RoomProvider>,
    );
    await shows(page, [id, id]);
  }
});

Deno.test("React: a hook takes a new selector in each render, and keeps what is equal", async () => {
  await using stage = openStage();
  let renders = 0;
  await using page = await open(() => renders++);
  const seen = new Set<unknown>();
  const actions = new Set<unknown>();
  const draw = (suffix: string) =>
    page.draw({
      id: "doc-42",
      open: stage.watch,
      parts: {
        names({ useOthers, useUpdateMe, useBroadcast }) {
          actions.add(useUpdateMe()).add(useBroadcast());
          const names = useOthers(
            (others) => others.map(({ facets }) => facets.name + suffix),
            sameItems,
          );
          seen.add(names);
          useOthers((others) => others.map(({ id }) => id));
          return names;
        },
      },
    });
  draw("");
  await shows(page, []);
  const bob = join(stage, "bob");
  await shows(page, ["Bob"]);
  assertEquals(seen.size, 2);
  const before = renders;
  draw("!");
  await shows(page, ["Bob!"]);
  draw("!");
  await eventually(() => renders === before + 2, "it has rendered again");
  bob.update({ name: "Bobby" });
  await shows(page, ["Bobby!"]);
  assertEquals(renders - before, 3);
  assertEquals([seen.size, actions.size], [4, 2]);
});

Deno.test("React: usePerson() follows its id", async () => {
  await using stage = openStage();
  await using page = await open();
  const draw = (id: string) =>
    page.draw({
      id: "doc-42",
      open: stage.watch,
      parts: {
        name: ({ usePerson }) => usePerson(id, (person) => person?.facets.name),
      },
    });
  const bob = join(stage, "bob");
  draw("bob");
  await shows(page, "Bob");
  draw("eve");
  await shows(page);
  join(stage, "eve");
  await shows(page, "Eve");
  bob.update({ name: "Bobby" });
  draw("bob");
  await shows(page, "Bobby");
});

Deno.test("React: a document is a room too", async () => {
  await using stage = openStage();
  await using page = await open();
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
    return others.map(({ name, cursor }) => textOf(name + cursor?.offset));
  }
  page.root.render(
    <RoomProvider id="42" open={(id) => client.document(id, { name: "Ada" })}>
      <Cursors />
    </RoomProvider>,
  );
  const bob = stage.client("bob").document("42", { name: "Bob" });
  bob.moveCursor({ line: 1, column: 2, offset: 7 });
  await shows(page, "Bob7");
  await until(bob.others, ([ada]) => ada?.cursor?.offset === 3);
  page.root.unmount();
  await until(bob.others, (all) => all.length === 0);
});

/** A model that names its broadcasts. */
interface Waving extends Model {
  events: { wave: { hand: "left" | "right" } };
}

Deno.test("React: hooks have the types of the model", () => {
  const bindings = createReactBindings<LiveRoom<Waving>>(ReactOfServers);
  const { RoomProvider, useOthers, useUpdateMe } = bindings;
  const { useMe, usePerson, useBroadcast, useEvent } = bindings;
  // Compiled, and not called.
  function _Component({ client }: { client: LiveClient }) {
    const names: (string | undefined)[] = useOthers((others) =>
      others.map(({ facets }) => facets.name)
    );
    // @ts-expect-error A facet of another type.
    useUpdateMe()({ name: 5 });
    const me: string | undefined = useMe(({ facets }) => facets.name);
    const x: number | undefined = usePerson(
      "bob",
      (bob) => bob?.facets.cursor?.x,
    );
    // @ts-expect-error A person may not be there.
    usePerson("bob", (bob) => bob.id);
    useBroadcast()("wave", { hand: "left" });
    // @ts-expect-error A payload of another type.
    useBroadcast()("wave", { hand: "up" });
    useEvent("wave", ({ payload }): "left" | "right" => payload.hand);
    // @ts-expect-error The model has no such event.
    useEvent("wink", () => {});
    // @ts-expect-error A document is no room of the model.
    const room = <RoomProvider id="a" open={(id) => client.document(id)} />;
    return <p>{names} {me} {x} {room}</p>;
  }
});
