import { assertEquals, assertRejects } from "@std/assert";
import * as VueOfServers from "vue";
import { renderToString } from "vue/server-renderer";
import { eventually } from "../../testing/waiting.ts";
import { type LiveClient, type LiveRoom, sameItems } from "../mod.ts";
import { type Model, until } from "../testing/live.ts";
import { openDom } from "./testing/dom.ts";
import { move, openStage } from "./testing/room.ts";
import { createVueBindings } from "./vue.ts";

/** Vue in a page. */
interface Program {
  readonly Vue: typeof VueOfServers;
  /** Draws into an element; returns how to end. */
  mount(render: () => unknown, element: unknown): () => void;
}

const PROGRAM = {
  "main.tsx": `
    import * as Vue from "vue/dist/vue.runtime.esm-browser.prod.js";
    export { Vue };
    export function mount(render, element) {
      const app = Vue.createApp({ render });
      app.mount(element);
      return () => app.unmount();
    }
  `,
};

/** Opens a page with the bindings. */
async function openPage() {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { Vue } = program;
  return {
    ...dom,
    ...createVueBindings<LiveRoom<Model>, VueOfServers.Ref>(Vue),
    Vue,
    mount: (render: () => unknown) => program.mount(render, element),
    shows: (text: string) =>
      eventually(() => element.textContent === text, `it shows "${text}"`),
  };
}

Deno.test("Vue: RoomProvider enters a room and shows the others", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Vue, RoomProvider, useOthers, useCount, useStatus } = page;
  const People = Vue.defineComponent(() => {
    const names = useOthers((others) => others.map((p) => p.facets.name));
    const status = useStatus();
    const count = useCount();
    return () =>
      Vue.h("p", `${status.value.type}: ${count.value} (${names.value})`);
  });
  const unmount = page.mount(() =>
    Vue.h(
      RoomProvider,
      { id: "doc-42", open: stage.enter },
      () => Vue.h(People),
    )
  );
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

Deno.test("Vue: RoomProvider of the next page keeps the room that it shares with the former one", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Vue, RoomProvider } = page;
  const title = Vue.ref("first");
  const unmount = page.mount(() =>
    Vue.h(
      RoomProvider,
      { key: title.value, id: "doc-42", open: stage.enter },
      () => title.value,
    )
  );
  await page.shows("first");
  await stage.logs("+ada");
  title.value = "second";
  await page.shows("second");
  unmount();
  await stage.logs("+ada", "-ada");
});

Deno.test("Vue: RoomProvider with another id leaves one room and enters the other", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Vue, RoomProvider, useRoom, useMe } = page;
  const Title = Vue.defineComponent(() => {
    const room = useRoom();
    const me = useMe();
    return () => `${room.value.context} ${me.value.facets.name}`;
  });
  const id = Vue.ref("doc-42");
  page.mount(() =>
    Vue.h(
      RoomProvider,
      { id: id.value, open: stage.enter },
      () => Vue.h(Title),
    )
  );
  await page.shows("doc-42 Ada");
  await stage.logs("+ada");
  id.value = "doc-43";
  await page.shows("doc-43 Ada");
  await stage.logs("+ada", "-ada");
});

Deno.test("Vue: RoomProvider renders nothing on a server", async () => {
  await using stage = openStage();
  const bindings = createVueBindings<LiveRoom<Model>, VueOfServers.Ref>(
    VueOfServers,
  );
  const { RoomProvider, useMe } = bindings;
  const { createSSRApp, defineComponent, h } = VueOfServers;
  const Name = defineComponent(() => {
    const me = useMe();
    return () => h("p", me.value.facets.name);
  });
  const app = createSSRApp(() =>
    h("main", [
      h(RoomProvider, { id: "doc-42", open: stage.watch }, () => h(Name)),
    ])
  );
  assertEquals(await renderToString(app), "<main><!----></main>");
  const outside = createSSRApp(Name);
  outside.config.warnHandler = () => {};
  await assertRejects(
    () => renderToString(outside),
    Error,
    "There is no RoomProvider above",
  );
});

Deno.test("Vue: composables render only for what they return", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Vue, RoomProvider } = page;
  const { useOthers, usePerson, useUpdateMe, useBroadcast, useCount } = page;
  const renders: Record<string, number> = {};
  const count = (what: string) => renders[what] = (renders[what] ?? 0) + 1;
  let update: ReturnType<typeof useUpdateMe> = () => {};
  const Names = Vue.defineComponent(() => {
    const names = useOthers(
      (others) => others.map(({ facets }) => facets.name),
      sameItems,
    );
    return () => (count("names"), names.value.join());
  });
  const Count = Vue.defineComponent(() => {
    const others = useCount();
    return () => (count("count"), others.value);
  });
  const Cursor = Vue.defineComponent((props: { id: string }) => {
    const person = usePerson(() => props.id);
    return () => (count(props.id), person.value?.facets.cursor?.x);
  }, { props: ["id"] });
  const Toolbar = Vue.defineComponent(() => {
    update = useUpdateMe();
    useBroadcast();
    return () => (count("toolbar"), "");
  });
  const room = stage.enter("doc-42");
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(room.others, (all) => all.length === 1);
  stage.client("eve").room("doc-42", { facets: { name: "Eve" } });
  await until(room.others, (all) => all.length === 2);
  page.mount(() =>
    Vue.h(RoomProvider, { id: "doc-42", open: stage.watch }, () => [
      Vue.h(Names),
      Vue.h(Count),
      Vue.h(Cursor, { id: "bob" }),
      Vue.h(Cursor, { id: "eve" }),
      Vue.h(Toolbar),
    ])
  );
  await page.shows("Bob,Eve2");
  await move(bob, room, 500);
  await page.shows("Bob,Eve2500");
  for (let x = 1; x <= 500; x++) update({ cursor: { x, y: 0 } });
  await until(bob.others, (all) => all[0]?.facets.cursor?.x === 500);
  const { bob: ofBob = 0, ...once } = renders;
  assertEquals(once, { names: 1, count: 1, eve: 1, toolbar: 1 });
  assertEquals(ofBob > 1 && ofBob <= 501, true, `${ofBob} renders`);
});

Deno.test("Vue: usePerson() and useOthers() follow refs that they read", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Vue, RoomProvider, usePerson, useOthers } = page;
  const wanted = Vue.ref("bob");
  const Person = Vue.defineComponent(() => {
    const person = usePerson(() => wanted.value);
    const rest = useOthers((others) =>
      others.filter(({ id }) => id !== wanted.value).length
    );
    return () => `${person.value?.facets.name} and ${rest.value}`;
  });
  page.mount(() =>
    Vue.h(
      RoomProvider,
      { id: "doc-42", open: stage.watch },
      () => Vue.h(Person),
    )
  );
  stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await page.shows("Bob and 0");
  wanted.value = "eve";
  await page.shows("undefined and 1");
  stage.client("eve").room("doc-42", { facets: { name: "Eve" } });
  await page.shows("Eve and 1");
});

Deno.test("Vue: useEvent() listens until its component is unmounted", async () => {
  await using stage = openStage();
  await using page = await openPage();
  const { Vue, RoomProvider, useEvent, useBroadcast } = page;
  const heard: string[] = [];
  let wave: ReturnType<typeof useBroadcast> = () => false;
  const listener = (name: string) =>
    Vue.defineComponent(() => {
      wave = useBroadcast();
      useEvent("wave", ({ from, payload }) => {
        heard.push(`${name} ${from}: ${payload.hand}`);
      });
      return () => name;
    });
  const current = Vue.shallowRef(listener("first"));
  page.mount(() =>
    Vue.h(
      RoomProvider,
      { id: "doc-42", open: stage.enter },
      () => Vue.h(current.value),
    )
  );
  const bob = stage.client("bob").room("doc-42", { facets: { name: "Bob" } });
  await until(bob.others, (all) => all.length === 1);
  const answered = new Promise((resolve) => bob.on("wave", resolve));
  bob.broadcast("wave", { hand: "left" });
  await eventually(() => heard.length === 1, "the first is heard");
  current.value = listener("second");
  await page.shows("second");
  bob.broadcast("wave", { hand: "right" });
  await eventually(() => heard.length === 2, "the second is heard");
  assertEquals(heard, ["first bob: left", "second bob: right"]);
  assertEquals(wave("wave", { hand: "both" }), true);
  assertEquals(await answered, { payload: { hand: "both" }, from: "ada" });
});

Deno.test("Vue: composables return the refs of Vue, with the types of the model", () => {
  // Compiled, and not called.
  function _setup(client: LiveClient) {
    const bindings = createVueBindings<LiveRoom<Model>, VueOfServers.Ref>(
      VueOfServers,
    );
    const { RoomProvider, useOthers, useUpdateMe } = bindings;
    const length = useOthers(({ length }) => length);
    // As in a template, where refs have no `.value`.
    const inTemplate = VueOfServers.proxyRefs({ length });
    const number: number = inTemplate.length;
    // @ts-expect-error A facet of another type.
    useUpdateMe()({ name: 5 });
    type Props = InstanceType<typeof RoomProvider>["$props"];
    // @ts-expect-error A document is no room of the model.
    const open: Props["open"] = () => client.document("a");
    return [number, open];
  }
});
