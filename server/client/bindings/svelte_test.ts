import { assertEquals, assertThrows } from "@std/assert";
import * as SvelteOfServers from "svelte";
import type { render } from "svelte/server";
import { derived, get, type Readable, readable, writable } from "svelte/store";
import { eventually } from "../../testing/waiting.ts";
import { type LiveClient, type LiveRoom, sameItems } from "../mod.ts";
import { type Model, until } from "../testing/live.ts";
import { createSvelteBindings, type SvelteBindings } from "./svelte.ts";
import { bundle, run } from "./testing/bundle.ts";
import { compileSvelte } from "./testing/compile.ts";
import { openDom } from "./testing/dom.ts";
import { move, openStage } from "./testing/room.ts";

const COMPONENTS = {
  "App.js": `
    <script>
      import Room from "./Room.js";
      let { place, ...rest } = $props();
    </script>
    {#key $place}<Room {...$place} {...rest} />{/key}
  `,
  "Room.js": `
    <script>
      import Text from "./Text.js";
      let { bindings, id, open, make } = $props();
      const room = bindings.provideRoom(() => open(id));
    </script>
    {#if $room}<Text {make} />{/if}
  `,
  "Text.js": `
    <script>
      let { make } = $props();
      const text = make();
    </script>
    {$text}
  `,
};

/** A room. */
interface Place {
  readonly id: string;
  open(id: string): LiveRoom<Model>;
}

/** What the components take. */
interface Props {
  readonly bindings: SvelteBindings<LiveRoom<Model>>;
  /** The room. Each value makes its component anew. */
  readonly place: Readable<Place>;
  /** Returns a store whose value is drawn; called when its component is made. */
  make(): Readable<unknown>;
}

/** Svelte in a page. */
interface Program {
  readonly Svelte: typeof SvelteOfServers;
  readonly App: SvelteOfServers.Component<Props>;
  /** Draws into an element. */
  mount(
    app: unknown,
    options: { readonly target: unknown; readonly props: Props },
  ): Record<string, unknown>;
}

/** Svelte on a server. */
interface ServerProgram extends Program {
  readonly Text: SvelteOfServers.Component<Pick<Props, "make">>;
  readonly render: typeof render;
}

const MAIN = `
  export * as Svelte from "svelte";
  export { mount } from "svelte";
  export { default as App } from "./App.js";
  export { default as Text } from "./Text.js";
`;

function filesFor(generate: "client" | "server", main: string) {
  const compiled = Object.entries(COMPONENTS)
    .map(([name, source]) => [name, compileSvelte(source, generate)]);
  return { "main.tsx": main, ...Object.fromEntries(compiled) };
}

const PROGRAM = filesFor("client", MAIN);

/** Opens a page with the bindings. */
async function openPage() {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { App, Svelte } = program;
  const bindings = createSvelteBindings<LiveRoom<Model>>(Svelte);
  return {
    ...dom,
    ...bindings,
    /** Draws a store in a room; returns how to end. */
    mountIn(place: Readable<Place>, make: Props["make"]) {
      const props = { bindings, place, make };
      const app = program.mount(App, { target: element, props });
      return () => Svelte.unmount(app);
    },
    shows: (text: string) =>
      eventually(
        () => element.textContent.trim() === text,
        `it shows "${text}"`,
      ),
  };
}

Deno.test("Svelte: provideRoom() enters a room and shows the others", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { useOthers, useStatus, useCount } = page;
  const unmount = page.mountIn(
    readable({ id: "doc-42", open: stage.enter }),
    () => {
      const names = useOthers((others) => others.map((p) => p.facets.name));
      return derived(
        [useStatus(), useCount(), names],
        ([status, count, names]) => `${status.type}: ${count} (${names})`,
      );
    },
  );
  await page.shows("live: 0 ()");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await page.shows("live: 1 (Bob)");
  bob.update({ name: "Bobby" });
  await page.shows("live: 1 (Bobby)");
  await bob.leave();
  await page.shows("live: 0 ()");
  await unmount();
  await stage.logs("+ada", "+bob", "-bob", "-ada");
});

Deno.test("Svelte: provideRoom() of the next page keeps the room that it shares with the former one", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const room = { id: "doc-42", open: stage.enter };
  const place = writable(room);
  let pages = 0;
  const unmount = page.mountIn(place, () => readable(++pages));
  await page.shows("1");
  await stage.logs("+ada");
  place.set({ ...room });
  await page.shows("2");
  await unmount();
  await stage.logs("+ada", "-ada");
});

Deno.test("Svelte: provideRoom() made anew leaves one room and enters the other", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const room = { id: "doc-42", open: stage.enter };
  const place = writable(room);
  page.mountIn(place, () => readable(page.useRoom().context));
  await page.shows("doc-42");
  await stage.logs("+ada");
  place.set({ ...room, id: "doc-43" });
  await page.shows("doc-43");
  await stage.logs("+ada", "-ada");
});

Deno.test("Svelte: provideRoom() enters nothing on a server", async () => {
  await using stage = openStage();
  const main = `${MAIN} export { render } from "svelte/server";`;
  const program = run<ServerProgram>(
    await bundle(filesFor("server", main), { platform: "deno", format: "cjs" }),
  );
  const bindings = createSvelteBindings<LiveRoom<Model>>(program.Svelte);
  const place = readable({ id: "doc-42", open: stage.watch });
  const make = () => bindings.useMe();
  const { body } = program.render(program.App, {
    props: { bindings, place, make },
  });
  assertEquals(body.replaceAll(/<!--.*?-->/g, "").trim(), "");
  assertThrows(
    () => program.render(program.Text, { props: { make } }).body,
    Error,
    "There is no room",
  );
});

Deno.test("Svelte: stores change only when what they return does", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { useOthers, usePerson, useUpdateMe, useBroadcast, useCount } = page;
  const draws: Record<string, number> = {};
  const counted = <T>(what: string, store: Readable<T>) =>
    derived(store, (value) => {
      draws[what] = (draws[what] ?? 0) + 1;
      return value;
    });
  let update: ReturnType<typeof useUpdateMe> = () => {};
  const room = stage.enter("doc-42");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(room.others, (all) => all.length === 1);
  stage.client("eve").room("doc-42", { facets: { name: "Eve" } });
  await until(room.others, (all) => all.length === 2);
  page.mountIn(readable({ id: "doc-42", open: stage.watch }), () => {
    update = useUpdateMe();
    useBroadcast();
    const names = useOthers(
      (others) => others.map(({ facets }) => facets.name),
      sameItems,
    );
    return derived([
      counted("names", names),
      counted("count", useCount()),
      counted("bob", usePerson("bob")),
      counted("eve", usePerson("eve")),
    ], ([names, count, bob]) => `${names}${count}${bob?.facets.cursor?.x}`);
  });
  await page.shows("Bob,Eve2undefined");
  await move(bob, room, 500);
  await page.shows("Bob,Eve2500");
  for (let x = 1; x <= 500; x++) update({ cursor: { x, y: 0 } });
  await until(bob.others, (all) => all[0]?.facets.cursor?.x === 500);
  const { bob: ofBob = 0, ...once } = draws;
  assertEquals(once, { names: 1, count: 1, eve: 1 });
  assertEquals(ofBob > 1 && ofBob <= 501, true, `${ofBob} changes`);
});

Deno.test("Svelte: get() of Svelte reads a store", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { useMe, useOthers } = page;
  const found: unknown[] = [];
  page.mountIn(readable({ id: "doc-42", open: stage.enter }), () => {
    found.push(get(useMe()).facets, get(useOthers()));
    return readable("drawn");
  });
  await page.shows("drawn");
  assertEquals(found, [{ name: "Ada" }, []]);
});

Deno.test("Svelte: useEvent() listens until its component is removed", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { useEvent, useBroadcast } = page;
  const heard: string[] = [];
  let wave: ReturnType<typeof useBroadcast> = () => false;
  const room = { id: "doc-42", open: stage.enter };
  const place = writable(room);
  const names = ["second", "first"];
  page.mountIn(place, () => {
    const name = names.pop();
    wave = useBroadcast();
    useEvent("wave", ({ from, payload }) => {
      heard.push(`${name} ${from}: ${payload.hand}`);
    });
    return readable(name);
  });
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(bob.others, (all) => all.length === 1);
  const answered = new Promise((resolve) => bob.on("wave", resolve));
  bob.broadcast("wave", { hand: "left" });
  await eventually(() => heard.length === 1, "the first is heard");
  place.set({ ...room });
  await page.shows("second");
  bob.broadcast("wave", { hand: "right" });
  await eventually(() => heard.length === 2, "the second is heard");
  assertEquals(heard, ["first bob: left", "second bob: right"]);
  assertEquals(wave("wave", { hand: "both" }), true);
  assertEquals(await answered, { payload: { hand: "both" }, from: "ada" });
});

Deno.test("Svelte: stores have the types of the model", () => {
  // Compiled, and not called.
  function _make(client: LiveClient) {
    const bindings = createSvelteBindings<LiveRoom<Model>>(SvelteOfServers);
    const count: Readable<number> = bindings.useOthers((all) => all.length);
    // @ts-expect-error A facet of another type.
    bindings.useUpdateMe()({ name: 5 });
    // @ts-expect-error A document is no room of the model.
    bindings.provideRoom(() => client.document("a"));
    return count;
  }
});
