import * as SvelteOfServers from "svelte";
import type { render } from "svelte/server";
import { derived, get, type Readable, readable, writable } from "svelte/store";
import type { LiveClient, LiveRoom } from "../mod.ts";
import type { Model } from "../testing/live.ts";
import {
  createSvelteBindings,
  type InSvelte,
  type SvelteBindings,
} from "./svelte.ts";
import { bundle, run } from "./testing/bundle.ts";
import { compileSvelte } from "./testing/compile.ts";
import { openDom } from "./testing/dom.ts";
import { openStage } from "./testing/room.ts";
import { type Scene, shows, testBindings, textOf } from "./testing/suite.ts";

const COMPONENTS = {
  "App.js": `
    <script>
      import Room from "./Room.js";
      let { scene, ...rest } = $props();
    </script>
    {#key $scene}{#if $scene}<Room {...$scene} {...rest} />{/if}{/key}
  `,
  "Room.js": `
    <script>
      import Text from "./Text.js";
      let { bindings, id, open, parts, make } = $props();
      const room = bindings.provideRoom(() => open(id));
    </script>
    {#if $room}<Text {parts} {make} />{/if}
  `,
  "Text.js": `
    <script>
      let { parts, make } = $props();
      const text = make(parts);
    </script>
    {$text}
  `,
};

/** What the components take. */
interface Props {
  readonly bindings: SvelteBindings<LiveRoom<Model>>;
  /** What is drawn. Each scene makes the component of its room anew. */
  readonly scene: Readable<Scene | undefined>;
  /** Returns a store whose value is drawn; called when its component is made. */
  make(parts: Scene["parts"]): Readable<string>;
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
  readonly Text: SvelteOfServers.Component<
    Pick<Props, "make"> & Pick<Scene, "parts">
  >;
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

/** Returns what the components take to draw the scene of a store. */
function propsFor(
  svelte: typeof SvelteOfServers,
  scene: Readable<Scene | undefined>,
  onDraw: (part: string) => void,
): Props {
  const bindings = createSvelteBindings<LiveRoom<Model>>(svelte);
  const make = (parts: Scene["parts"]) =>
    derived(
      Object.entries(parts).map(([name, part]) =>
        derived(part<InSvelte>(bindings) ?? readable(), (value) => {
          onDraw(name);
          return textOf(value);
        })
      ),
      (texts) => texts.join(""),
    );
  return { bindings, scene, make };
}

/** Opens a page. */
async function open(onDraw: (part: string) => void = () => {}) {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { App, Svelte, mount } = program;
  const scene = writable<Scene | undefined>();
  const props = propsFor(Svelte, scene, onDraw);
  const app = mount(App, { target: element, props });
  const end = () => void Svelte.unmount(app);
  return { ...dom, ...props.bindings, element, draw: scene.set, end };
}

testBindings({
  name: "Svelte",
  open,
  async html(scene) {
    const main = `${MAIN} export { render } from "svelte/server";`;
    const files = filesFor("server", main);
    const { Svelte, App, Text, render } = run<ServerProgram>(
      await bundle(files, { platform: "deno", format: "cjs" }),
    );
    const props = propsFor(Svelte, readable(scene), () => {});
    const { body } = scene.id === undefined
      ? render(Text, { props: { ...props, ...scene } })
      : render(App, { props });
    return body;
  },
});

Deno.test("Svelte: get() of Svelte reads a store", async () => {
  await using stage = openStage();
  await using page = await open();
  page.draw({
    id: "doc-42",
    open: stage.enter,
    parts: {
      found: () =>
        readable([
          page.useRoom().context,
          get(page.useMe()).facets,
          get(page.useOthers()),
        ]),
    },
  });
  await shows(page, ["doc-42", { name: "Ada" }, []]);
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
