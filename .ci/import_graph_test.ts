/**
 * Which room may import which: the table of the design, and what follows from it
 * for users of the package.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);
const ROOMS = ["core", "store", "beacon", "server", "examples"];

/** Folders whose files are not part of the package and may import anything. */
const ASIDE = ["testing", "testdata", "docs"];

const COLLECTIONS = /^@std\/collections(\/|$)/;
const PACKAGE = /^@ruthere\/presence(\/|$)/;
/** The other imports of an example. */
const BESIDE_THE_PACKAGE =
  /^(@nats-io\/transport-node|@std\/testing\/time|codemirror|react|react-dom\/client|y-codemirror\.next|yjs)$/;
const LIBRARY = /^(node:|npm:)?[@a-z][^:]*$/;

/**
 * Serves modules to browsers, and reads them by computed paths. A test of the page
 * checks which ones.
 */
const TO_BROWSERS = "server/service/page/browser_modules.ts";

/**
 * The modules that pages of the service run. Browsers load each file on its own, so
 * they import only the parts of the client that they use.
 */
const OF_PAGES = /^server\/service\/page\/[a-z]+\/\w+\.ts$/;

/** What each room may import; a folder of server may import more. */
const ALLOWED: Record<string, { rooms: string[]; bare?: RegExp }> = {
  "mod.ts": {
    rooms: [
      "core",
      "store",
      "beacon",
      "server",
      "server/documents",
      "server/topics",
    ],
  },
  core: { rooms: [], bare: COLLECTIONS },
  store: { rooms: ["core"], bare: COLLECTIONS },
  beacon: { rooms: ["core"], bare: COLLECTIONS },
  server: { rooms: ["core", "store"], bare: COLLECTIONS },
  examples: {
    rooms: [],
    bare: new RegExp(`${PACKAGE.source}|${BESIDE_THE_PACKAGE.source}`),
  },
};

const CLOCKS = ["Date", "performance"];
const TIMERS = ["setTimeout", "setInterval"];
const INPUT_AND_OUTPUT = [
  "Deno",
  "process",
  "require",
  "fetch",
  "WebSocket",
  "console",
];

/** The names that a room never mentions. */
const NEVER: Record<string, string[]> = {
  core: [...INPUT_AND_OUTPUT, ...CLOCKS, ...TIMERS],
  store: [...INPUT_AND_OUTPUT, ...CLOCKS, ...TIMERS],
  beacon: [...INPUT_AND_OUTPUT, ...CLOCKS, ...TIMERS],
  server: INPUT_AND_OUTPUT,
};

/** The one clock of all rooms; nothing in core calls it. */
const CLOCK = "core/steady_clock.ts";

/** Helpers that run beside a publisher use a clock and timers. */
const BESIDE_A_PUBLISHER = [
  "beacon/activity_monitor.ts",
  "beacon/heartbeat.ts",
  "beacon/quiet_timer.ts",
  "beacon/throttle.ts",
  "beacon/typing_detector.ts",
];

/** What rooms share and the package does not export. */
const INTERNAL = [
  "core/assert.ts",
  "server/documents/internal.ts",
  "server/documents/people/internal.ts",
  "server/internal.ts",
  "store/internal.ts",
];

/** The backbones of clusters, each a room of its own. */
const BACKBONES = ["nats", "redis"];

/** The folders of server that are part of the server itself. */
const SERVER_PARTS = ["replication", "shared", "watch"];

/**
 * Returns the room of a file. Each folder of server is one, except for its parts,
 * and so is `main.ts`.
 */
function roomOf(file: string): string {
  const [top = "", second = "", ...deeper] = file.split("/");
  if (top !== "server") return top;
  if (second === "main.ts") return file;
  if (deeper.length === 0 || SERVER_PARTS.includes(second)) return top;
  const [third = ""] = deeper;
  const isBackbone = second === "cluster" && BACKBONES.includes(third);
  return isBackbone ? `${top}/${second}/${third}` : `${top}/${second}`;
}

/** Returns the file that an import resolves to, or its bare name. */
function targetOf(file: string, specifier: string): string {
  if (!/^\.{1,2}\//.test(specifier)) return specifier;
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** Reports whether the table allows an import. */
function allows(file: string, target: string): boolean {
  const from = roomOf(file);
  if (from === "server/main.ts") return true;
  const isFile = /\.(ts|js|css|html|svg)$/.test(target);
  const to = roomOf(target);
  if (isFile && from === to && from !== "mod.ts") return true;
  if (file === TO_BROWSERS && target === "?") return true;
  if (OF_PAGES.test(file) && isFile && to === "server/client") return true;
  const folder = from.startsWith("server/");
  const { rooms, bare } = folder
    ? { rooms: ["core", "store", "beacon", "server"], bare: LIBRARY }
    : ALLOWED[from] ?? { rooms: [] };
  if (!isFile) return bare?.test(target) ?? false;
  const isShared = from !== "mod.ts" && INTERNAL.includes(target);
  return (isShared || target === `${to}/mod.ts`) &&
    (rooms.includes(to) || folder && to.startsWith("server/"));
}

/** Returns the imports of a file, static or dynamic; `?` for a computed one. */
function importsIn(code: string): string[] {
  const statements =
    /^(?:import|(?:import|export)\b[^;]*?\bfrom)\s*"([^"]+)"(?: with [^;]+)?;/gm;
  const calls = /\bimport\((?:\s*"([^"]+)")?/g;
  return [...code.matchAll(statements), ...code.matchAll(calls)]
    .map(([, specifier]) => specifier ?? "?");
}

function withoutComments(code: string): string {
  return code.replaceAll(/^\s*\/\*\*?[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    if (isDirectory) {
      if (!ASIDE.includes(name)) yield* filesIn(`${folder}${name}/`);
    } else if (/\.ts$/.test(name) && !/_(test|bench)\.ts$/.test(name)) {
      yield `${folder}${name}`;
    }
  }
}

const CODE = new Map(
  ["mod.ts", ...ROOMS.flatMap((room) => [...filesIn(`${room}/`)])]
    .map((file) => {
      const code = Deno.readTextFileSync(new URL(file, ROOT));
      return [file, withoutComments(code)];
    }),
);

/** Returns what each file imports, after its code was edited. */
function arrowsIn(edit: (code: string) => string) {
  return [...CODE].flatMap(([file, code]) =>
    importsIn(edit(code))
      .map((specifier) => [file, targetOf(file, specifier)] as const)
  );
}

const ARROWS = arrowsIn((code) => code);

/** Returns all direct and indirect imports of a file, itself included. */
function closureOf(
  file: string,
  arrows = ARROWS,
  found = new Set<string>(),
): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [from, to] of arrows) {
    if (from === file) closureOf(to, arrows, found);
  }
  return found;
}

/** Imports of types, which do not run. */
const OF_TYPES = /^(?:import|export) type [^;]*;/gm;

function mentions(file: string, names: string[]): string[] {
  return names.filter((name) =>
    new RegExp(`(?<![\\w#"])${name}\\b(?!:)`).test(CODE.get(file) ?? "")
  );
}

Deno.test("import graph: the rules distinguish valid imports from invalid ones", () => {
  const good = [
    ["core/key.ts", "core/errors.ts"],
    ["store/query.ts", "core/mod.ts"],
    ["store/presence_store.ts", "core/assert.ts"],
    ["server/http/handler.ts", "core/assert.ts"],
    ["store/projection.ts", "@std/collections/max-of"],
    ["server/watch/watch.ts", "store/mod.ts"],
    ["server/watch/watch.ts", "server/shared/pause.ts"],
    ["server/http/handler.ts", "server/mod.ts"],
    ["server/http/handler.ts", "server/internal.ts"],
    ["server/client/views/color.ts", "server/documents/people/internal.ts"],
    ["server/watch/watch.ts", "store/internal.ts"],
    ["server/http/handler.ts", "server/tokens/mod.ts"],
    ["server/http/handler.ts", "valibot"],
    ["server/http/deep/x.ts", "server/http/body.ts"],
    ["server/main.ts", "server/http/body.ts"],
    ["server/service/page/mod.ts", "server/service/page/style.css"],
    ["server/service/page/browser_modules.ts", "?"],
    ["server/service/page/room/room.ts", "server/client/views/color.ts"],
    ["examples/a.ts", "@ruthere/presence/store"],
    ["mod.ts", "server/mod.ts"],
  ] as const;
  for (const [from, to] of good) assert(allows(from, to), `${from} -> ${to}`);
  const bad = [
    ["core/key.ts", "store/mod.ts"],
    ["core/key.ts", "@std/assert"],
    ["core/key.ts", "?"],
    ["store/query.ts", "core/key.ts"],
    ["store/query.ts", "beacon/mod.ts"],
    ["store/query.ts", "node:util"],
    ["beacon/heartbeat.ts", "store/mod.ts"],
    ["server/watch/watch.ts", "server/http/mod.ts"],
    ["server/watch/watch.ts", "beacon/mod.ts"],
    ["server/watch/watch.ts", "valibot"],
    ["examples/a.ts", "server/internal.ts"],
    ["mod.ts", "server/internal.ts"],
    ["server/http/handler.ts", "server/tokens/internal.ts"],
    ["store/query.ts", "server/internal.ts"],
    ["server/http/handler.ts", "server/watch/watch.ts"],
    ["server/http/handler.ts", "server/watch/mod.ts"],
    ["server/http/handler.ts", "server/tokens/verify.ts"],
    ["server/http/handler.ts", "mod.ts"],
    ["server/http/handler.ts", "server/service/page/style.css"],
    ["server/http/handler.ts", "https://example.org/x.ts"],
    ["server/service/page/mod.ts", "beacon/throttle.ts"],
    ["examples/a.ts", "core/assert.ts"],
    ["server/service/page/browser_modules.ts", "store/store.ts"],
    ["server/service/page/mod.ts", "server/documents/people/hue.ts"],
    ["server/service/page/mod.ts", "?"],
    ["server/service/page/mod.ts", "server/client/views/color.ts"],
    ["server/service/page/room/room.ts", "server/documents/people/hue.ts"],
    ["examples/a.ts", "store/mod.ts"],
    ["examples/a.ts", "mod.ts"],
    ["mod.ts", "core/assert.ts"],
    ["mod.ts", "server/http/mod.ts"],
    ["mod.ts", "valibot"],
  ] as const;
  for (const [from, to] of bad) assert(!allows(from, to), `${from} -> ${to}`);
});

Deno.test("import graph: imports of every form are found", () => {
  const code = withoutComments(`/**
 * import { a } from "./doc_comment.ts";
 */
import { b } from "./named.ts";
import {
  type C,
} from "./lines.ts";
import type { D } from "./type.ts";
import "./effect.ts";
export * from "./all.ts";
export { e } from "./some.ts";
import j from "./text.svg" with { type: "text" };
// import { f } from "./comment.ts";
const g = await import("./dynamic.ts");
type H = import("./type_of.ts").H;
const i = import(i);
`);
  assertEquals(importsIn(code), [
    "./named.ts",
    "./lines.ts",
    "./type.ts",
    "./effect.ts",
    "./all.ts",
    "./some.ts",
    "./text.svg",
    "./dynamic.ts",
    "./type_of.ts",
    "?",
  ]);
  assertEquals(targetOf("store/query.ts", "../core/mod.ts"), "core/mod.ts");
});

Deno.test("import graph: the table allows every import", () => {
  assert(ARROWS.length > CODE.size, "the imports have not been found");
  const bad = ARROWS.filter(([from, to]) => !allows(from, to))
    .map(([from, to]) => `${from} must not import ${to}`);
  assertEquals(bad, []);
});

Deno.test("import graph: the folders of server have no cycle", () => {
  const reach = (room: string, found = new Set<string>()): Set<string> => {
    for (const [from, to] of ARROWS) {
      const next = roomOf(to);
      if (roomOf(from) !== room || next === room || found.has(next)) continue;
      if (to.endsWith(".ts")) reach(next, found.add(next));
    }
    return found;
  };
  const rooms = new Set([...CODE.keys()].map(roomOf));
  assertEquals([...rooms].filter((room) => reach(room).has(room)), []);
});

Deno.test("import graph: mod.ts reaches no npm package and no runtime", () => {
  const all = [...closureOf("mod.ts")];
  const names = all.filter((target) => !CODE.has(target));
  assertEquals(names.filter((name) => !COLLECTIONS.test(name)), []);
  const files = all.filter((file) => mentions(file, ["Deno"]).length > 0);
  assertEquals(files, []);
});

Deno.test('import graph: "imports" of deno.json has the packages of the library and the service, "scopes" those of tests and examples', async () => {
  const text = await Deno.readTextFile(new URL("deno.json", ROOT));
  const { imports, scopes } = JSON.parse(text);
  const packages = [...CODE]
    .filter(([file]) => roomOf(file) !== "examples")
    .flatMap(([, code]) => importsIn(code))
    .filter((name) => !/^(\.|node:|\?$)/.test(name) && !PACKAGE.test(name))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0]);
  const listed = Object.keys(imports);
  assertEquals(listed.toSorted(), [...new Set(packages)].toSorted());
  const common = listed.filter((name) => name in scopes["./"]);
  assertEquals(common, []);
});

Deno.test("import graph: code for browsers needs no runtime of a server", () => {
  const entries = [
    "server/client/mod.ts",
    "server/client/views/mod.ts",
    "server/client/bindings/react.ts",
    "server/client/bindings/solid.ts",
    "server/client/bindings/svelte.ts",
    "server/client/bindings/vue.ts",
    "server/client/awareness/awareness.ts",
    "beacon/mod.ts",
  ];
  const arrows = arrowsIn((code) => code.replaceAll(OF_TYPES, ""));
  const all = entries.flatMap((entry) => [...closureOf(entry, arrows)]);
  assert(all.length > 50, "the imports have not been found");
  assertEquals(all.filter((name) => name.startsWith("node:")), []);
  const named = ["Deno", "process"];
  assertEquals(all.filter((file) => mentions(file, named).length > 0), []);
});

Deno.test("import graph: the package uses nothing that Node 20 lacks", () => {
  const later = [
    "Array\\.fromAsync",
    "Iterator\\.from",
    "Map\\.groupBy",
    "Object\\.groupBy",
    "Promise\\.try",
    "Promise\\.withResolvers",
    "using \\w+(?= = )",
  ];
  // The service and the examples run under Deno, and its pages in browsers.
  const files = [...CODE.keys()].filter((file) =>
    file !== "server/main.ts" && !file.startsWith("examples/") &&
    !OF_PAGES.test(file)
  );
  const found = files.flatMap((file) =>
    mentions(file, later).map((name) => `${file} must not mention ${name}`)
  );
  assertEquals(found, []);
});

Deno.test("import graph: inner rooms read no clock, arm no timer, do no I/O", () => {
  const found = [...CODE.keys()].flatMap((file) => {
    const allowed = file === CLOCK
      ? CLOCKS
      : BESIDE_A_PUBLISHER.includes(file)
      ? [...CLOCKS, ...TIMERS]
      : [];
    return mentions(file, NEVER[roomOf(file)] ?? [])
      .filter((name) => !allowed.includes(name))
      .map((name) => `${file} must not mention ${name}`);
  });
  assertEquals(found, []);
  // The search finds something where it is allowed.
  assertEquals(mentions("beacon/heartbeat.ts", CLOCKS), ["Date"]);
  assertEquals(mentions("beacon/heartbeat.ts", TIMERS), ["setTimeout"]);
  const withClock = ARROWS.filter(([file, to]) =>
    to === CLOCK && roomOf(file) === "core"
  );
  assertEquals(withClock, [["core/mod.ts", CLOCK]]);
});
