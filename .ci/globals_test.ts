/**
 * No test, test helper or example assigns a global: the value that it restores
 * later may be a fake of another test. Clocks are passed in, and `FakeTime` fakes
 * timers.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** The exceptions, and their reasons. */
const EXCEPTIONS:
  readonly (readonly [file: string, what: string, why: string])[] = [
    [
      ".ci/jsr_test.ts",
      "Date",
      "tests what becomes of `Date.now` when it is assigned",
    ],
    [
      "server/cluster/testing/simulated_processes.ts",
      "globalThis",
      "has each process of a simulation own the timers that it arms",
    ],
    [
      "server/phoenix/frames/shared_frames_test.ts",
      "JSON",
      "counts what is written",
    ],
    ["server/topics/watch_test.ts", "JSON", "counts what is written"],
    [
      "server/watch/watch_test.ts",
      "AbortSignal.prototype",
      "counts the listeners of signals that it can't reach",
    ],
    [
      "store/testing/prototypes.ts",
      "Object.prototype",
      "has the `__proto__` of other runtimes",
    ],
  ];

/**
 * Globals with a capital letter exist in every runtime; a small letter may begin a
 * variable. `console` is not checked: tests replace it to read the output.
 */
const GLOBALS = [
  "globalThis",
  "performance",
  "crypto",
  ...Object.getOwnPropertyNames(globalThis).filter((name) =>
    /^[A-Z]/.test(name)
  ),
].join("|");

const TIMERS = "(?:set|clear)(?:Timeout|Interval)|queueMicrotask|fetch";

const GLOBAL = `\\(?(?:${GLOBALS})(?: as [^)]+\\))?`;
const MEMBER = `(?:!?\\.\\w+|\\[[^\\]]+\\])`;
const ASSIGNED = `\\s*(?:[-+*/|&?]{0,2}=(?![=>])|\\+\\+|--)`;

const ASSIGNMENTS = new RegExp(
  [
    // After a colon the name is a type.
    `(?<![\\w.#]|: )${GLOBAL}${MEMBER}+${ASSIGNED}`,
    `(?<=^\\s*)(?:${GLOBALS}|${TIMERS})${ASSIGNED}`,
    `\\bdelete ${GLOBAL}${MEMBER}`,
    // Parallel test files share one process.
    `\\bDeno\\.(?:env\\.(?:set|delete)|chdir)\\(`,
    `\\bObject\\.(?:assign|definePropert(?:y|ies))\\(\\s*${GLOBAL}(?:\\.\\w+)*,`,
    `\\b(?:countCalls|Reflect\\.(?:set|defineProperty|deleteProperty))\\(\\s*${GLOBAL}(?:\\.\\w+)*,`,
  ].join("|"),
  "gm",
);

/** Finds the assignments of globals in code. */
function assignmentsIn(code: string): string[] {
  const text = code.replaceAll(/^\s*\/\*\*?[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
  return [...text.matchAll(ASSIGNMENTS)].map(([found]) => found.trim());
}

function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))) {
    const path = `${folder}${name}`;
    if (isDirectory) {
      if (/^(node_modules|\.git|jsr)$/.test(name)) continue;
      yield* filesIn(`${path}/`);
    } else if (
      /_test\.(ts|tsx|js)$/.test(name) ||
      /(^|\/)(testing|examples|\.ci)\/.*\.(ts|tsx|js|mjs)$/.test(path)
    ) yield path;
  }
}

Deno.test("globals: assignments of every form are found", () => {
  const bad = [
    "Date.now = () => 7;",
    "globalThis.setTimeout = arm;",
    "  Date = Fake;",
    "setTimeout = arm;",
    "performance.now = () => 7;",
    "Math.random ??= () => 0.5;",
    "AbortSignal.timeout = fake;",
    "AbortSignal.prototype.addEventListener = function () {};",
    "(globalThis as { x?: number }).x = 7;",
    'globalThis["fetch"] = ask;',
    "delete globalThis.WebSocket;",
    "Object.assign(globalThis, { setTimeout });",
    "Object.assign(\n  Date,\n  { now },\n);",
    'Object.defineProperty(globalThis, "fetch", { value });',
    'Object.defineProperty(Object.prototype, "x", { value });',
    'Reflect.set(Date, "now", now);',
    'using calls = countCalls(JSON, "stringify");',
    'Deno.env.set("CI", "true");',
    'Deno.env.delete("CI");',
    "Deno.chdir(folder);",
  ];
  for (const code of bad) assertEquals(assignmentsIn(code).length, 1, code);
  const good = [
    "const now = Date.now();",
    "const { now } = Date;",
    "const signal: Deno.Signal = 'SIGINT';",
    'using calls = countCalls(PresenceStore.prototype, "expire");',
    "const Map = Object.create(null);",
    "if (Date.now() === 7 || Math.max(1) >= 2) return;",
    "const clock = () => Date.now;",
    "time.Date.now = () => 7;",
    "myDate.now = 7;",
    "options.clock = Date.now;",
    "process.isPaused = true;",
    "Object.assign(options, { now: Date.now });",
    "// Date.now = () => 7;",
    "/** Date.now = () => 7 */",
  ];
  for (const code of good) assertEquals(assignmentsIn(code), [], code);
});

Deno.test("globals: no test, test helper or example assigns one", () => {
  const files = [...filesIn("")];
  assert(files.length > 100, "the files have not been found");
  const found = files
    .filter((file) => file !== ".ci/globals_test.ts")
    .flatMap((file) => {
      const code = Deno.readTextFileSync(new URL(file, ROOT));
      return assignmentsIn(code).map((what) => ({ file, what }));
    });
  const excepted = EXCEPTIONS.map(([file, what]) =>
    found.filter((each) => each.file === file && each.what.includes(what))
  );
  for (const [index, all] of excepted.entries()) {
    assert(
      all.length > 0,
      `${EXCEPTIONS[index]?.[0]} is no exception any more`,
    );
  }
  assertEquals(found.filter((each) => !excepted.flat().includes(each)), []);
});
