import { assertEquals } from "@std/assert";
import * as SolidOfServers from "solid-js";
import { renderToString } from "solid-js/web";
import { eventually } from "../../testing/waiting.ts";
import type { LiveRoom } from "../mod.ts";
import type { Model } from "../testing/live.ts";
import {
  createSolidBindings,
  type InSolid,
  type RoomProviderProps,
  type SolidBindings,
  type SolidFunctions,
} from "./solid.ts";
import { openDom } from "./testing/dom.ts";
import { openStage } from "./testing/room.ts";
import {
  join,
  type Scene,
  shows,
  testBindings,
  textOf,
} from "./testing/suite.ts";

/** Solid in a page. */
interface Program {
  readonly Solid: typeof SolidOfServers;
  /** Draws into an element; returns how to end. */
  render(draw: () => unknown, element: unknown): () => void;
}

const PROGRAM = {
  "main.tsx": `
    export * as Solid from "solid-js";
    export { render } from "solid-js/web";
  `,
};

/** Makes a component that draws the scene of a signal. */
function drawerOf(
  Solid: typeof SolidOfServers,
  bindings: SolidBindings<LiveRoom<Model>>,
  scene: () => Scene | undefined,
  onDraw: (part: string) => void,
) {
  const { createMemo } = Solid;
  // Types of elements have no signals.
  const { createComponent }: SolidFunctions = Solid;
  function Drawer() {
    const parts = createMemo(() => scene()?.parts ?? {});
    const Drawn = () =>
      createMemo(() =>
        Object.entries(parts()).map(([name, part]) => {
          const signal = part<InSolid>(bindings);
          return createMemo(() => (onDraw(name), textOf(signal?.())));
        })
      );
    const children = () => createComponent(Drawn, {});
    const firstOfPage = createMemo<Scene | undefined>(scene, undefined, {
      equals: (former, now) =>
        former !== undefined && former.page === now?.page,
    });
    return createMemo(() => {
      const { id, open } = firstOfPage() ?? {};
      if (id === undefined || open === undefined) return children();
      return createComponent(bindings.RoomProvider, {
        get id() {
          return scene()?.id ?? id;
        },
        open,
        get children() {
          return children();
        },
      });
    });
  }
  return () => createComponent(Drawer, {});
}

/** Opens a page. */
async function open(onDraw: (part: string) => void = () => {}) {
  const { program, element, ...dom } = await openDom<Program>(PROGRAM);
  const { Solid, render } = program;
  const [scene, draw] = Solid.createSignal<Scene>();
  const bindings = createSolidBindings<LiveRoom<Model>>(Solid);
  const end = render(drawerOf(Solid, bindings, scene, onDraw), element);
  return {
    ...dom,
    element,
    Solid,
    bindings,
    draw: (next: Scene) => draw(next),
    end,
  };
}

testBindings({
  name: "Solid",
  open,
  async html(scene) {
    const bindings = createSolidBindings<LiveRoom<Model>>(SolidOfServers);
    const draw = drawerOf(SolidOfServers, bindings, () => scene, () => {});
    try {
      return renderToString(draw);
    } finally {
      // Solid tidies up by a timer.
      await new Promise((resolve) => setTimeout(resolve));
    }
  },
});

Deno.test("Solid: RoomProvider with another id makes its children anew", async () => {
  await using stage = openStage();
  await using page = await open();
  const { bindings } = page;
  const contexts: string[] = [];
  const parts: Scene["parts"] = {
    count({ useCount }) {
      contexts.push(bindings.useRoom().context);
      return useCount();
    },
  };
  page.draw({ id: "doc-42", open: stage.watch, parts });
  await shows(page, 0);
  page.draw({ id: "doc-43", open: stage.watch, parts });
  await eventually(() => contexts.length === 2, "they are made again");
  assertEquals(contexts, ["doc-42", "doc-43"]);
});

Deno.test("Solid: usePerson() and selectors follow signals that they read", async () => {
  await using stage = openStage();
  await using page = await open();
  const [wanted, setWanted] = page.Solid.createSignal("bob");
  const { usePerson } = page.bindings;
  page.draw({
    id: "doc-42",
    open: stage.watch,
    parts: {
      name: () => usePerson(wanted, (person) => person?.facets.name),
      isThere: ({ usePerson }) =>
        usePerson("bob", (bob) => bob?.id === wanted()),
      rest: ({ useOthers }) =>
        useOthers((all) => all.filter(({ id }) => id !== wanted()).length),
    },
  });
  join(stage, "bob");
  await shows(page, "Bob", true, 0);
  setWanted("eve");
  await shows(page, undefined, false, 1);
  join(stage, "eve");
  await shows(page, "Eve", false, 1);
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
