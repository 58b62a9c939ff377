import * as VueOfServers from "vue";
import { renderToString } from "vue/server-renderer";
import type { LiveClient, LiveRoom } from "../mod.ts";
import type { Model } from "../testing/live.ts";
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
import { createVueBindings, type InVue } from "./vue.ts";

/** Vue in a page. */
interface Program {
  readonly Vue: typeof VueOfServers;
  /** Draws into an element; returns how to end. */
  mount(component: unknown, element: unknown): () => void;
}

const PROGRAM = {
  "main.tsx": `
    import * as Vue from "vue/dist/vue.runtime.esm-browser.prod.js";
    export { Vue };
    export function mount(component, element) {
      const app = Vue.createApp(component);
      app.mount(element);
      return () => app.unmount();
    }
  `,
};

/** Makes a component that draws the scene of a ref. */
function drawerOf(
  Vue: typeof VueOfServers,
  scene: VueOfServers.Ref<Scene | undefined>,
  onDraw: (part: string) => void,
) {
  const { RoomProvider, ...use } = createVueBindings<
    LiveRoom<Model>,
    VueOfServers.Ref
  >(Vue);
  const Drawn = Vue.defineComponent((props: { name: string; part: Part }) => {
    const ref = props.part<InVue<VueOfServers.Ref>>(use);
    return () => (onDraw(props.name), textOf(ref?.value));
  }, { props: ["name", "part"] });
  // A component calls its part once: for another part there is another component.
  const known: Part[] = [];
  const keyOf = (part: Part) => {
    if (!known.includes(part)) known.push(part);
    return known.indexOf(part);
  };
  return Vue.defineComponent(() => () => {
    if (scene.value === undefined) return null;
    const { page, id, open, parts } = scene.value;
    const all = () =>
      Object.entries(parts)
        .map(([name, part]) => Vue.h(Drawn, { key: keyOf(part), name, part }));
    if (id === undefined) return all();
    return Vue.h(RoomProvider, { key: page, id, open }, all);
  });
}

/** Opens a page. */
async function open(onDraw: (part: string) => void = () => {}) {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { Vue, mount } = program;
  const scene = Vue.shallowRef<Scene>();
  const end = mount(drawerOf(Vue, scene, onDraw), element);
  const draw = (next: Scene) => scene.value = next;
  return { ...dom, element, Vue, mount, draw, end };
}

testBindings({
  name: "Vue",
  open,
  html(scene) {
    const ref = VueOfServers.shallowRef(scene);
    const Drawer = drawerOf(VueOfServers, ref, () => {});
    const app = VueOfServers.createSSRApp(Drawer);
    app.config.warnHandler = () => {};
    return renderToString(app);
  },
});

Deno.test("Vue: usePerson() and selectors follow refs that they read", async () => {
  await using stage = openStage();
  await using page = await open();
  const { RoomProvider, useRoom, usePerson, useOthers } = createVueBindings<
    LiveRoom<Model>,
    VueOfServers.Ref
  >(page.Vue);
  const wanted = page.Vue.ref("bob");
  const Person = page.Vue.defineComponent(() => {
    const room = useRoom();
    const name = usePerson(() => wanted.value, (person) => person?.facets.name);
    const isThere = usePerson("bob", (bob) => bob?.id === wanted.value);
    const rest = useOthers((others) =>
      others.filter(({ id }) => id !== wanted.value).length
    );
    return () =>
      [room.value.context, name.value, isThere.value, rest.value].map(textOf);
  });
  const inRoom = { id: "doc-42", open: stage.watch };
  const { h } = page.Vue;
  page.mount(() => h(RoomProvider, inRoom, () => h(Person)), page.element);
  join(stage, "bob");
  await shows(page, "doc-42", "Bob", true, 0);
  wanted.value = "eve";
  await shows(page, "doc-42", undefined, false, 1);
  join(stage, "eve");
  await shows(page, "doc-42", "Eve", false, 1);
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
