import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../../testing/waiting.ts";
import { type LiveRoom, sameItems } from "../../mod.ts";
import { type Model, until } from "../../testing/live.ts";
import type { Form, In, RoomFunctions } from "../rooms.ts";
import { move, openStage, type Stage } from "./room.ts";

/** A component: it calls functions of the bindings, and draws what it returns. */
export type Part = <F extends Form>(
  use: RoomFunctions<LiveRoom<Model>, F, string>,
) => In<F, unknown> | undefined;

/** What is to be drawn. */
export interface Scene {
  /** Another page has a provider of its own. */
  readonly page?: string;
  /** The room; without it, the parts are drawn outside of any. */
  readonly id?: string;
  /** Enters it. */
  open(id: string): LiveRoom<Model>;
  /** What is drawn in it: components by their names. */
  readonly parts: Readonly<Record<string, Part>>;
}

/** A page with bindings of a framework. */
export interface Page extends AsyncDisposable {
  /** What the page shows. */
  readonly element: { readonly textContent: string };
  /** Draws a scene in place of the former one. */
  draw(scene: Scene): void;
  /** Removes it. */
  end(): void;
}

/** A framework, as far as the suite needs it. */
export interface Driver {
  readonly name: string;
  /** Opens a page that tells of each time when a part is drawn. */
  open(onDraw: (part: string) => void): Promise<Page>;
  /** Draws a scene on a server. */
  html(scene: Scene): string | Promise<string>;
}

/** Returns how any part draws its value: of people, the ids. */
export function textOf(value: unknown): string {
  const text = JSON.stringify(value, (_name, part) => part?.id ?? part);
  return text === undefined ? "" : `${text} `;
}

/** Waits until a page shows exactly these values. */
export async function shows(
  { element }: Pick<Page, "element">,
  ...values: readonly unknown[]
): Promise<void> {
  const text = values.map(textOf).join("");
  await eventually(() => element.textContent === text, `it shows ${text}`);
}

/** Adds a person to a room. */
export function join(stage: Stage, subject: string): LiveRoom<Model> {
  const facets = { name: subject.replace(/^./, (a) => a.toUpperCase()) };
  return stage.client(subject).room("doc-42", { facets });
}

/** Tests what bindings of all frameworks do. */
export function testBindings({ name, open, html }: Driver): void {
  const test = (what: string, run: (stage: Stage) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using stage = openStage();
      await run(stage);
    });

  test("a room is entered when it is drawn, shows who is there, and is left", async (stage) => {
    await using page = await open(() => {});
    page.draw({
      id: "doc-42",
      open: stage.enter,
      parts: {
        status: ({ useStatus }) => useStatus(),
        me: ({ useMe }) => useMe(({ facets }) => facets.name),
        names: ({ useOthers }) =>
          useOthers((others) => others.map(({ facets }) => facets.name)),
        bob: ({ usePerson }) => usePerson("bob", (bob) => bob?.facets.name),
      },
    });
    await shows(page, { type: "live" }, "Ada", []);
    const bob = join(stage, "bob");
    await shows(page, { type: "live" }, "Ada", ["Bob"], "Bob");
    bob.update({ name: "Bobby" });
    await shows(page, { type: "live" }, "Ada", ["Bobby"], "Bobby");
    await bob.leave();
    await shows(page, { type: "live" }, "Ada", []);
    page.end();
    await stage.logs("+ada", "+bob", "-bob", "-ada");
  });

  test("useCount() counts the people who are here, oneself too once one is present", async (stage) => {
    await using page = await open(() => {});
    let enter = () => {};
    page.draw({
      id: "doc-42",
      open: stage.watch,
      parts: {
        count: ({ useCount }) => useCount(),
        toolbar({ useUpdateMe }) {
          const updateMe = useUpdateMe();
          enter = () => updateMe({ name: "Ada" });
        },
      },
    });
    await shows(page, 0);
    join(stage, "bob");
    await shows(page, 1);
    enter();
    await shows(page, 2);
    const otherTab = join(stage, "ada");
    await until(otherTab.others, (all) => all.length === 1);
    const eve = join(stage, "eve");
    await shows(page, 3);
    await eve.leave();
    await shows(page, 2);
  });

  test("the next page keeps the room that it shares with the former one", async (stage) => {
    await using page = await open(() => {});
    const room = { id: "doc-42", open: stage.enter };
    const title = (text: string): Scene["parts"] => ({
      title: ({ useMe }) => useMe(() => text),
    });
    page.draw({ ...room, page: "1", parts: title("first") });
    await shows(page, "first");
    await stage.logs("+ada");
    page.draw({ ...room, page: "2", parts: title("second") });
    await shows(page, "second");
    page.end();
    await stage.logs("+ada", "-ada");
  });

  test("with another id, one room is left and the other entered", async (stage) => {
    await using page = await open(() => {});
    const ada = stage.client("ada");
    const inRoom = (id: string) => ({
      id,
      open: (id: string) => ada.room(id, { facets: { name: `Ada in ${id}` } }),
      parts,
    });
    const parts: Scene["parts"] = {
      me: ({ useMe }) => useMe(({ facets }) => facets.name),
    };
    page.draw(inRoom("doc-42"));
    await shows(page, "Ada in doc-42");
    await stage.logs("+ada");
    page.draw(inRoom("doc-43"));
    await shows(page, "Ada in doc-43");
    await stage.logs("+ada", "-ada");
  });

  test("nothing is entered and drawn on a server", async ({ watch }) => {
    const me: Part = ({ useMe }) => useMe(({ facets }) => facets.name);
    const scene = { open: watch, parts: { me } };
    const text = await html({ ...scene, id: "doc-42" });
    assertEquals(text.replaceAll(/<!--.*?-->/g, ""), "");
    await assertRejects(async () => await html(scene), Error, "There is no");
  });

  test("a part is drawn only when what it returns changes", async (stage) => {
    const draws: Record<string, number> = {};
    const count = (part: string) => draws[part] = (draws[part] ?? 0) + 1;
    await using page = await open(count);
    const room = stage.enter("doc-42");
    await until(room.person("ada"), (ada) => ada !== undefined);
    const bob = join(stage, "bob");
    await until(room.others, (all) => all.length === 1);
    join(stage, "eve");
    await until(room.others, (all) => all.length === 2);
    let update: LiveRoom<Model>["update"] = () => {};
    page.draw({
      id: "doc-42",
      open: stage.watch,
      parts: {
        names: ({ useOthers }) =>
          useOthers(
            (others) => others.map(({ facets }) => facets.name),
            sameItems,
          ),
        count: ({ useCount }) => useCount(),
        bobsName: ({ usePerson }) =>
          usePerson("bob", (bob) => [bob?.facets.name], sameItems),
        myName: ({ useMe }) => useMe(({ facets }) => [facets.name], sameItems),
        eve: ({ usePerson }) => usePerson("eve"),
        me: ({ useMe }) => useMe(),
        others: ({ useOthers }) => useOthers(),
        bobsX: ({ usePerson }) =>
          usePerson("bob", (bob) => bob?.facets.cursor?.x),
        toolbar({ useUpdateMe, useBroadcast }) {
          update = useUpdateMe();
          useBroadcast();
        },
      },
    });
    const texts = [["Bob", "Eve"], 3, ["Bob"], ["Ada"], "eve", "ada"];
    await shows(page, ...texts, ["bob", "eve"]);
    await move(bob, room, 500);
    await shows(page, ...texts, ["bob", "eve"], 500);
    for (let x = 1; x <= 500; x++) update({ cursor: { x, y: 0 } });
    await until(bob.others, (all) => all[0]?.facets.cursor?.x === 500);
    const { bobsX = 0, me = 0, others = 0, ...once } = draws;
    const all = { names: 1, count: 1, bobsName: 1, myName: 1, eve: 1 };
    assertEquals(once, { ...all, toolbar: 1 });
    assertEquals(bobsX > 1 && bobsX <= 501, true, `${bobsX} draws`);
    assertEquals(me > 1 && others > 1, true, `${me}, ${others} draws`);
  });

  test("useEvent() calls the latest listener, until its component is removed", async (stage) => {
    await using page = await open(() => {});
    const heard: string[] = [];
    let broadcast: LiveRoom<Model>["broadcast"] = () => false;
    const listener = (title: string): Part => (use) => {
      broadcast = use.useBroadcast();
      use.useEvent("wave", ({ from, payload }) => {
        heard.push(`${title} ${from}: ${payload.hand}`);
      });
      return use.useMe(() => title);
    };
    const draw = (listening: Scene["parts"]) => {
      const names: Part = ({ useOthers }) =>
        useOthers((others) => others.map(({ facets }) => facets.name));
      const parts = { names, ...listening };
      page.draw({ id: "doc-42", open: stage.enter, parts });
    };
    draw({ waves: listener("first") });
    const bob = join(stage, "bob");
    await shows(page, ["Bob"], "first");
    await until(bob.others, (all) => all.length === 1);
    const answered = new Promise((resolve) => bob.on("wave", resolve));
    bob.broadcast("wave", { hand: "left" });
    await eventually(() => heard.length === 1, "the first is heard");
    draw({ waves: listener("second") });
    await shows(page, ["Bob"], "second");
    bob.broadcast("wave", { hand: "right" });
    await eventually(() => heard.length === 2, "the second is heard");
    draw({});
    await shows(page, ["Bob"]);
    bob.broadcast("wave", { hand: "left" });
    bob.update({ name: "Bobby" });
    await shows(page, ["Bobby"]);
    assertEquals(heard, ["first bob: left", "second bob: right"]);
    assertEquals(broadcast("wave", { hand: "both" }), true);
    assertEquals(await answered, { payload: { hand: "both" }, from: "ada" });
  });
}
