/**
 * Packs the package as JSR's npm layer serves it, installs it into an empty
 * project, compiles `program.ts` against its types, strictly, and runs it under
 * Node and Bun; `documents.js` too, and `serve.js`, `phoenix.js` and
 * `cluster.js`, which open ports there. Bundles it for browsers, too.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { stop as stopBundler } from "esbuild";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NatsServer } from "../../server/cluster/testing/nats_server.ts";
import { RedisServer } from "../../server/cluster/testing/redis_server.ts";
import { checkClasses, checkEffects, checkPages } from "./bundles.ts";

const TYPESCRIPT = "7.0.2";
const BUN = "1.4.5";
const NODE_SERVER = "2.1.8";
const IOREDIS = "6.0.0";
const JOSE = "6.2.17";
const NATS = "3.4.0";
const NODE_REDIS = "6.3.1";
const PHOENIX = "1.8.16";
const WS = "8.23.0";
const TYPES = {
  "@types/bun": "1.4.4",
  "@types/node": "20.19.43",
  "@types/ws": "8.18.2",
};
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
}

async function run(cwd: string, program: string, ...args: string[]) {
  // npm is a batch file on Windows, which only a shell can start.
  const command = Deno.build.os === "windows" && program === "npm"
    ? ["cmd", "/c", "npm", ...args]
    : [program, ...args];
  const { code, stdout, stderr } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
  assertEquals(code, 0, `${command.join(" ")}\n${out}\n${err}`);
  return out!.trim();
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(path));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2));
}

/** JSR's npm layer calls `@std/collections` `@jsr/std__collections`. */
const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(["'])@std\/([\w-]+)/g;

/**
 * Changes a packed package as JSR's npm layer does and `deno pack` does not: gives
 * imports the names of `package.json`, and lists the dependencies that only types
 * need.
 */
async function finish(folder: string, name: string): Promise<void> {
  const manifest = await readJson<Manifest>(join(folder, "package.json"));
  const dependencies = { ...manifest.dependencies };
  for (const file of await readdir(folder, { recursive: true })) {
    if (!/\.(js|d\.ts)$/.test(file)) continue;
    const path = join(folder, file);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(
      path,
      text.replace(IMPORT, (_, before, quote, dependency) => {
        const renamed = `@jsr/std__${dependency}`;
        // In a doc comment it is an example, which needs no dependency.
        if (dependency === "collections") dependencies[renamed] ??= "^1";
        return `${before}${quote}${renamed}`;
      }),
    );
  }
  await writeJson(join(folder, "package.json"), {
    ...manifest,
    name,
    dependencies,
  });
}

/** Packs `source` as npm's `name`; returns the path of the tarball. */
async function pack(source: string, name: string, into: string) {
  const folder = join(into, name.replaceAll(/\W+/g, "-"));
  await mkdir(folder);
  await run(
    source,
    Deno.execPath(),
    "pack",
    "--allow-dirty",
    "--no-source-maps",
    "--output",
    join(folder, "packed.tgz"),
  );
  await run(folder, "tar", "-xzf", "packed.tgz");
  await finish(join(folder, "package"), name);
  const packed = await run(folder, "npm", "pack", "--silent", "./package");
  return join(folder, packed);
}

/**
 * Without JSR there is no npm layer either: the stand-in for the only dependency
 * from there is packed likewise.
 */
async function overrides(into: string): Promise<Record<string, string>> {
  const registry = Deno.env.get("JSR_URL");
  if (!registry?.startsWith("file:")) return {};
  const folder = join(fileURLToPath(registry), "@std", "collections");
  const { latest } = await readJson<{ latest: string }>(
    join(folder, "meta.json"),
  );
  const { exports } = await readJson<{ exports: Record<string, string> }>(
    join(folder, `${latest}_meta.json`),
  );
  const source = join(into, "collections");
  await mkdir(source);
  for await (const { name } of Deno.readDir(join(folder, latest))) {
    await Deno.copyFile(join(folder, latest, name), join(source, name));
  }
  await writeJson(join(source, "deno.json"), {
    name: "@std/collections",
    version: latest,
    license: "MIT",
    exports,
  });
  const name = "@jsr/std__collections";
  return { [name]: `file:${await pack(source, name, into)}` };
}

Deno.test("a strict TypeScript program uses the package from npm under Node and Bun", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ruthere-consumer-"));
  const project = join(folder, "project");
  try {
    await t.step("the package is packed and installed", async () => {
      await mkdir(project);
      await Deno.writeTextFile(
        join(project, ".npmrc"),
        "@jsr:registry=https://npm.jsr.io\n",
      );
      await writeJson(join(project, "package.json"), {
        name: "consumer",
        private: true,
        type: "module",
        dependencies: {
          "@ruthere/presence": `file:${await pack(
            ROOT,
            "@ruthere/presence",
            folder,
          )}`,
        },
        devDependencies: {
          "@hono/node-server": NODE_SERVER,
          "@nats-io/transport-node": NATS,
          bun: BUN,
          ioredis: IOREDIS,
          jose: JOSE,
          phoenix: PHOENIX,
          redis: NODE_REDIS,
          typescript: TYPESCRIPT,
          ws: WS,
          ...TYPES,
        },
        overrides: await overrides(folder),
      });
      await run(project, "npm", "install", "--no-audit", "--no-fund");
    });

    await t.step("a page gets of it only what it imports", async () => {
      await checkPages(project);
    });
    await t.step(
      "its modules have no effect when they are imported",
      async () => {
        await checkEffects(project);
        await checkClasses(project);
      },
    );

    const tsc = join("node_modules", "typescript", "bin", "tsc");
    const compilerOptions = {
      target: "es2022",
      lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
      module: "nodenext",
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      outDir: "out",
      rootDir: ".",
    };
    const files = [
      "program.ts",
      "serve.js",
      "phoenix.js",
      "documents.js",
      "cluster.js",
    ];
    for (const file of files) {
      await Deno.copyFile(new URL(file, import.meta.url), join(project, file));
    }

    await t.step("it compiles against the package's types", async () => {
      await writeJson(join(project, "tsconfig.json"), {
        compilerOptions,
        files: ["program.ts"],
      });
      await run(project, "node", tsc, "--project", ".");
    });

    await t.step(
      "its types fit those of ws, the clients of backbones, Node and Bun",
      async () => {
        await Deno.writeTextFile(join(project, "adapters.ts"), ADAPTERS);
        await Deno.writeTextFile(
          join(project, "readme.ts"),
          await nodeSnippet(),
        );
        // Bun's types conflict with Node's, and NATS's fail exactOptionalPropertyTypes.
        const options = { types: ["node", "bun"], skipLibCheck: true };
        await writeJson(join(project, "tsconfig.json"), {
          compilerOptions: { ...compilerOptions, ...options },
          files: ["adapters.ts", "readme.ts"],
        });
        await run(project, "node", tsc, "--project", ".");
      },
    );

    const cluster = async (runtime: string) => {
      await using servers = new AsyncDisposableStack();
      const ports: string[] = [];
      for (const Server of [RedisServer, NatsServer]) {
        if (!Server.isInstalled) ports.push("");
        else ports.push(`${servers.use(await Server.start()).port}`);
      }
      const printed = await run(project, runtime, "cluster.js", ...ports);
      const found = JSON.parse(printed);
      assertEquals(found.failed, []);
      assert(found.passed > 0);
      assertEquals(found.agents, ["a", "b"]);
      const names = ["memory", "ioredis", "redis", "nats"].filter((name) =>
        name === "memory" || ports[name === "nats" ? 1 : 0] !== ""
      );
      assertEquals(
        found.told,
        names.map((name) => [name, "alice joined", "alice left"]),
      );
    };
    const bun = join(project, "node_modules", "bun", "bin", "bun.exe");
    for (const [name, runtime] of [["Node", "node"], ["Bun", bun]] as const) {
      await t.step(`${name} runs it`, async () => {
        check(await run(project, runtime, join("out", "program.js")));
      });
      await t.step(
        `${name} serves it by HTTP and sockets on one port`,
        async () => {
          const printed = await run(project, runtime, "serve.js");
          assertEquals(JSON.parse(printed), {
            seen: ["bob", "bob", "bob"],
            statuses: [426, 403, 202],
          });
        },
      );
      await t.step(`${name} serves it to Phoenix's clients`, async () => {
        const printed = await run(project, runtime, "phoenix.js");
        assertEquals(JSON.parse(printed), PHOENIX_FOUND);
      });
      await t.step(`${name} shows people in documents by it`, async () => {
        const printed = await run(project, runtime, "documents.js");
        assertEquals(JSON.parse(printed), DOCUMENTS_FOUND);
      });
      await t.step(`${name} makes a cluster of it`, () => cluster(runtime));
    }
  } finally {
    await stopBundler();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
});

/** The README's program for Node, whose packages Deno does not have. */
async function nodeSnippet(): Promise<string> {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const found = [...readme.matchAll(/^```ts ignore\n(.*?)^```$/gms)]
    .map(([, snippet]) => snippet!)
    .filter((snippet) => snippet.includes("@hono/node-server"));
  assertEquals(found.length, 1);
  return found[0]!;
}

/** Programs that need the types of Node and Bun, which Deno does not have. */
const ADAPTERS = `
  import { connect } from "@nats-io/transport-node";
  import { AgentPresence } from "@ruthere/presence/server/agents";
  import { NatsBackbone } from "@ruthere/presence/server/cluster/nats";
  import {
    fromIoredis,
    fromNodeRedis,
    RedisBackbone,
  } from "@ruthere/presence/server/cluster/redis";
  import {
    type BunSocketData,
    createBunWebSocket,
    createNodeUpgrade,
    PhoenixEndpoint,
    upgradeInBun,
  } from "@ruthere/presence/server/phoenix";
  import { createServer } from "node:http";
  import * as https from "node:https";
  import { Cluster, Redis } from "ioredis";
  import { createClient, createCluster } from "redis";
  import { WebSocketServer } from "ws";

  export async function inCluster(): Promise<void> {
    const connection = await connect();
    new NatsBackbone(connection);
    await AgentPresence.open({
      connection,
      bucket: "agents",
      agentId: "a",
      project: "p",
      heartbeatIntervalMs: 1_000,
    });
    new RedisBackbone(fromIoredis(new Redis()));
    new RedisBackbone(fromIoredis(new Cluster([])));
    new RedisBackbone(fromNodeRedis(createClient()));
    new RedisBackbone(fromNodeRedis(createCluster({ rootNodes: [] })));
  }

  export function inNode(endpoint: PhoenixEndpoint): void {
    const upgrade = createNodeUpgrade(endpoint, WebSocketServer);
    createServer().on("upgrade", upgrade);
    https.createServer().on("upgrade", upgrade);
  }

  export function inBun(endpoint: PhoenixEndpoint): void {
    const websocket = createBunWebSocket(endpoint);
    const fetch = (request: Request, server: Bun.Server<BunSocketData>) =>
      upgradeInBun(endpoint, request, server);
    Bun.serve({ fetch, websocket });
    Bun.serve({
      routes: {
        "/socket/websocket": (request, server) =>
          upgradeInBun(endpoint, request, server),
      },
      websocket,
    });
  }
`;

/** The results of `documents.js`. */
const DOCUMENTS_FOUND = {
  seen: ["state", "userJoined", 159],
  users: ["Ada"],
  refused: 401,
  counted: [
    "ruthere_presence_active_users 1",
    "ruthere_cursor_update_latency_seconds_count 1",
  ],
};

const BEAT = [null, "1", "phoenix", "phx_reply", {
  status: "ok",
  response: {},
}];

/** The results of `phoenix.js`. */
const PHOENIX_FOUND = {
  state: ["alice", "bob"],
  diff: ["alice", "bob"],
  broadcast: ["left"],
  protocol: "phoenix",
  heartbeat: BEAT,
  refused: [403, 421, 421, 101],
  tooBig: [1009, 1009],
  left: ["carol"],
  stillServed: BEAT,
  errors: [],
  restart: 1012,
  open: 0,
};

/** Checks the output of `program.ts`. */
function check(printed: string): void {
  const found = JSON.parse(printed);
  assertEquals(found.sequence, 1);
  assertEquals(found.activity, "editing");
  assertEquals(found.gone, true);
  assertEquals(found.watched, ["bob"]);
  assertEquals(found.everyRoomLoads, true);
  assert(JSON.stringify(found.first).includes("alice"), printed);
  assert(JSON.stringify(found.second).includes("alice"), printed);
}
