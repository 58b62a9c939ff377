import { assertEquals, assertThrows } from "@std/assert";
import * as SolidOfServers from "solid-js";
import { renderToString } from "solid-js/web";
import { eventually } from "../../testing/waiting.ts";
import { type LiveRoom, sameItems } from "../mod.ts";
import { type Model, until } from "../testing/live.ts";
import { createSolidBindings, type RoomProviderProps } from "./solid.ts";
import { openDom } from "./testing/dom.ts";
import { move, openStage } from "./testing/room.ts";

/** Solid in a page. */
interface Program {
  readonly Solid: typeof SolidOfServers;
  /** Draws into an element; returns how to end. */
  render(draw: () => unknown, element: unknown): () => void;
  createComponent(component: unknown, props: object): unknown;
}

const PROGRAM = {
  "main.tsx": `
    export * as Solid from "solid-js";
    export { createComponent, render } from "solid-js/web";
  `,
};

/** Opens a page with the bindings. */
async function openPage() {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const bindings = createSolidBindings<LiveRoom<Model>>(program.Solid);
  return {
    ...dom,
    ...bindings,
    Solid: program.Solid,
    /** Draws something in a room; returns how to end. */
    renderIn(props: RoomProviderProps<LiveRoom<Model>>, draw: () => unknown) {
      const { createComponent, render, Solid } = program;
      const children = {
        get children() {
          return createComponent(draw, {});
        },
      };
      const all = Solid.mergeProps(props, children);
      return render(() => createComponent(bindings.RoomProvider, all), element);
    },
    shows: (text: string) =>
      eventually(() => element.textContent === text, `it shows "${text}"`),
  };
}

Deno.test("Solid: RoomProvider enters a room and shows the others", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { useOthers, useCount, useStatus } = page;
  const unmount = page.renderIn({ id: "doc-42", open: stage.enter }, () => {
    const names = useOthers((others) => others.map((p) => p.facets.name));
    const status = useStatus();
    const count = useCount();
    return [() => `${status().type}: ${count()} (${names()})`];
  });
  await page.shows("live: 0 ()");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await page.shows("live: 1 (Bob)");
  bob.update({ name: "Bobby" });
  await page.shows("live: 1 (Bobby)");
  await bob.leave();
  await page.shows("live: 0 ()");
  unmount();
  await stage.logs("+ada", "+bob", "-bob", "-ada");
});

Deno.test("Solid: RoomProvider of the next page keeps the room that it shares with the former one", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const options = { id: "doc-42", open: stage.enter };
  const unmountFirst = page.renderIn(options, () => "first");
  await page.shows("first");
  await stage.logs("+ada");
  unmountFirst();
  const unmountSecond = page.renderIn(options, () => "second");
  await page.shows("second");
  unmountSecond();
  await stage.logs("+ada", "-ada");
});

Deno.test("Solid: RoomProvider with another id leaves one room and enters the other", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Solid, useRoom, useMe } = page;
  const [id, setId] = Solid.createSignal("doc-42");
  let drawn = 0;
  const props = {
    get id() {
      return id();
    },
    open: stage.enter,
  };
  page.renderIn(props, () => {
    drawn++;
    const { context } = useRoom();
    const me = useMe();
    return [() => `${context} ${me().facets.name}`];
  });
  await page.shows("doc-42 Ada");
  await stage.logs("+ada");
  setId("doc-43");
  await page.shows("doc-43 Ada");
  await stage.logs("+ada", "-ada");
  assertEquals(drawn, 2);
});

Deno.test("Solid: RoomProvider renders nothing on a server", async () => {
  await using stage = openStage();
  const bindings = createSolidBindings<LiveRoom<Model>>(SolidOfServers);
  const { createComponent } = SolidOfServers;
  const draw = () => bindings.useMe()().facets.name;
  const html = renderToString(() =>
    createComponent(bindings.RoomProvider, {
      id: "doc-42",
      open: stage.watch,
      get children() {
        return draw();
      },
    })
  );
  assertEquals(html, "");
  assertThrows(() => renderToString(draw), Error, "no RoomProvider above");
  // Solid tidies up by a timer.
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("Solid: signals change only when what they return does", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Solid } = page;
  const { useOthers, usePerson, useUpdateMe, useBroadcast, useCount } = page;
  const draws: Record<string, number> = {};
  const count = (what: string) => draws[what] = (draws[what] ?? 0) + 1;
  let update: ReturnType<typeof useUpdateMe> = () => {};
  const Names = () => {
    const names = useOthers(
      (others) => others.map(({ facets }) => facets.name),
      sameItems,
    );
    return () => (count("names"), names().join());
  };
  const Count = () => {
    const others = useCount();
    return () => (count("count"), others());
  };
  const Cursor = (id: string) => {
    const person = usePerson(id);
    return () => (count(id), person()?.facets.cursor?.x);
  };
  const Toolbar = () => {
    update = useUpdateMe();
    useBroadcast();
    return () => (count("toolbar"), "");
  };
  const room = stage.enter("doc-42");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(room.others, (all) => all.length === 1);
  stage.client("eve").room("doc-42", { facets: { name: "Eve" } });
  await until(room.others, (all) => all.length === 2);
  page.renderIn(
    { id: "doc-42", open: stage.watch },
    () =>
      [Names(), Count(), Cursor("bob"), Cursor("eve"), Toolbar()]
        .map((text) => Solid.createMemo(() => text())),
  );
  await page.shows("Bob,Eve2");
  await move(bob, room, 500);
  await page.shows("Bob,Eve2500");
  for (let x = 1; x <= 500; x++) update({ cursor: { x, y: 0 } });
  await until(bob.others, (all) => all[0]?.facets.cursor?.x === 500);
  const { bob: ofBob = 0, ...once } = draws;
  assertEquals(once, { names: 1, count: 1, eve: 1, toolbar: 1 });
  assertEquals(ofBob > 1 && ofBob <= 501, true, `${ofBob} draws`);
});

Deno.test("Solid: usePerson() and useOthers() follow signals that they read", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Solid, usePerson, useOthers } = page;
  const [wanted, setWanted] = Solid.createSignal("bob");
  page.renderIn({ id: "doc-42", open: stage.watch }, () => {
    const person = usePerson(wanted);
    const rest = useOthers((others) =>
      others.filter(({ id }) => id !== wanted()).length
    );
    return [() => `${person()?.facets.name} and ${rest()}`];
  });
  stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await page.shows("Bob and 0");
  setWanted("eve");
  await page.shows("undefined and 1");
  stage.client("eve").room("doc-42", { facets: { name: "Eve" } });
  await page.shows("Eve and 1");
});

Deno.test("Solid: useEvent() listens until its component is removed", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Solid, useEvent, useBroadcast } = page;
  const heard: string[] = [];
  let wave: ReturnType<typeof useBroadcast> = () => false;
  const [name, setName] = Solid.createSignal("first");
  page.renderIn(
    { id: "doc-42", open: stage.enter },
    () =>
      Solid.createMemo(() => {
        const title = name();
        wave = useBroadcast();
        useEvent("wave", ({ from, payload }) => {
          heard.push(`${title} ${from}: ${payload.hand}`);
        });
        return title;
      }),
  );
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(bob.others, (all) => all.length === 1);
  const answered = new Promise((resolve) => bob.on("wave", resolve));
  bob.broadcast("wave", { hand: "left" });
  await eventually(() => heard.length === 1, "the first is heard");
  setName("second");
  bob.broadcast("wave", { hand: "right" });
  await eventually(() => heard.length === 2, "the second is heard");
  assertEquals(heard, ["first bob: left", "second bob: right"]);
  assertEquals(wave("wave", { hand: "both" }), true);
  assertEquals(await answered, { payload: { hand: "both" }, from: "ada" });
});

Deno.test("Solid: signals have the types of the model", () => {
  // Compiled, and not called.
  function _Component() {
    const bindings = createSolidBindings<LiveRoom<Model>>(SolidOfServers);
    const { RoomProvider, useOthers, useUpdateMe } = bindings;
    const count: SolidOfServers.Accessor<number> = useOthers((all) =>
      all.length
    );
    // @ts-expect-error A facet of another type.
    useUpdateMe()({ name: 5 });
    const Provider: SolidOfServers.ParentComponent<
      RoomProviderProps<LiveRoom<Model>>
    > = RoomProvider;
    return [count, Provider];
  }
});
