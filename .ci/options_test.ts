/**
 * How every entry point handles unknown options, and values that are no server or
 * connection.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ActivityMonitor,
  PresenceBeacon,
  startHeartbeat,
  Throttle,
  TypingDetector,
} from "../beacon/mod.ts";
import { InvalidValueError } from "../core/mod.ts";
import { validateAgentConfig } from "../server/agents/mod.ts";
import { joinCluster, MemoryBackbone } from "../server/cluster/mod.ts";
import { NatsBackbone } from "../server/cluster/nats/mod.ts";
import { RedisBackbone } from "../server/cluster/redis/mod.ts";
import { DocumentPresence } from "../server/documents/mod.ts";
import { LiveClient, PresenceClient } from "../server/client/mod.ts";
import { AvatarStack } from "../server/client/views/mod.ts";
import { createHttpHandler, createTrustGuard } from "../server/http/mod.ts";
import {
  createMetricsHandler,
  PresenceMetrics,
} from "../server/metrics/mod.ts";
import { PresenceServer } from "../server/mod.ts";
import { PhoenixEndpoint } from "../server/phoenix/mod.ts";
import { TokenAuthority } from "../server/tokens/mod.ts";
import { TopicPresence } from "../server/topics/mod.ts";
import { PresenceStore } from "../store/mod.ts";

const server = new PresenceServer();
const topics = Reflect.construct(TopicPresence, [server]);
const documents = Reflect.construct(DocumentPresence, [server]);
const metrics = new PresenceMetrics({ server });
const backbone = new MemoryBackbone();
const client = new PresenceClient({ url: "http://localhost" });

const KEY = { subject: "alice", context: "doc", origin: "tab" };
const BEACON = new PresenceBeacon(KEY);
const HEARTBEAT = { beacon: BEACON, publish() {}, onError() {}, intervalMs: 9 };
const THROTTLE = { send() {}, intervalMs: 9 };
const CHANGES = { onChange() {} };
const SECRET = { issuer: "a", audience: "b", secret: "s".repeat(32) };
const JWKS = { issuer: "a", audience: "b", jwksUrl: "https://a.example/" };
const NATS = Object.fromEntries(
  ["publish", "request", "subscribe", "status", "closed", "isClosed"]
    .map((name) => [name, () => {}]),
);

type Call = (...args: unknown[]) => unknown;

/** Calls a function as JavaScript does, without types. */
const make =
  (entry: Parameters<typeof Reflect.construct>[0]): Call => (...args) =>
    Reflect.construct(entry, args);
const call = (entry: unknown, on?: object): Call => (...args) => {
  if (typeof entry !== "function") throw new TypeError("no such entry point");
  return Reflect.apply(entry, on, args);
};

/** Each entry point, the arguments before its options, and valid options. */
const ENTRIES: [name: string, Call, before: unknown[], good: object][] = [
  ["PresenceBeacon", make(PresenceBeacon), [], KEY],
  ["startHeartbeat", call(startHeartbeat), [], HEARTBEAT],
  ["Throttle", make(Throttle), [], THROTTLE],
  ["TypingDetector", make(TypingDetector), [], CHANGES],
  ["ActivityMonitor", make(ActivityMonitor), [], CHANGES],
  ["PresenceStore", make(PresenceStore), [], {}],
  ["PresenceServer", make(PresenceServer), [], {}],
  ["PresenceServer.watch", call(server.watch, server), [], {}],
  ["PresenceServer.watchCount", call(server.watchCount, server), [], {}],
  ["TopicPresence", make(TopicPresence), [server], {}],
  ["TopicPresence.track", call(topics.track, topics), ["a", "b", 1], {}],
  ["TopicPresence.events", call(topics.events, topics), ["a"], {}],
  ["TopicPresence.watch", call(topics.watch, topics), ["a"], {}],
  ["DocumentPresence", make(DocumentPresence), [server], {}],
  ["DocumentPresence.join", call(documents.join, documents), ["ada"], {
    documentId: "1",
    name: "Ada",
  }],
  ["DocumentPresence.watch", call(documents.watch, documents), ["1"], {}],
  ["createHttpHandler", call(createHttpHandler), [server], {}],
  ["createTrustGuard", call(createTrustGuard), [], {}],
  ["PresenceClient", make(PresenceClient), [], { url: "http://localhost" }],
  ["AvatarStack", make(AvatarStack), [{}], {}],
  ["LiveClient", make(LiveClient), [], { url: "http://localhost" }],
  ["PresenceClient.watch", call(client.watch, client), [], { context: "doc" }],
  ["PresenceClient.publish", call(client.publish, client), [[]], {}],
  ["PresenceClient.withdraw", call(client.withdraw, client), [], {}],
  ["PresenceClient.presence", call(client.presence, client), [], {}],
  [
    "PresenceClient.documentPresence",
    call(client.documentPresence, client),
    ["1"],
    {},
  ],
  [
    "PresenceClient.workspaceDocuments",
    call(client.workspaceDocuments, client),
    ["1"],
    {},
  ],
  [
    "PresenceClient.documentCounts",
    call(client.documentCounts, client),
    [[]],
    {},
  ],
  ["PhoenixEndpoint", make(PhoenixEndpoint), [topics], {}],
  ["joinCluster", call(joinCluster), [server, backbone], {}],
  ["RedisBackbone", make(RedisBackbone), [{ lines() {} }], {}],
  ["NatsBackbone", make(NatsBackbone), [NATS], {}],
  ["TokenAuthority", make(TokenAuthority), [], SECRET],
  ["TokenAuthority with a URL", make(TokenAuthority), [], JWKS],
  ["PresenceMetrics", make(PresenceMetrics), [], { server }],
  ["createMetricsHandler", call(createMetricsHandler), [metrics], {}],
];

for (const [name, entry, before, good] of ENTRIES) {
  Deno.test(`${name}: refuses an unknown option`, async () => {
    const bad = { ...good, misspelt: "a secret", left: undefined };
    await assertRejects(
      async () => await entry(...before, bad),
      InvalidValueError,
      'options must have known names only: received "misspelt"',
    );
  });
}

Deno.test("unknown options within options are refused too", () => {
  const bad: [Call, object, string][] = [
    [call(createHttpHandler, undefined), { limits: { body: 1 } }, "limits"],
    [call(createHttpHandler, undefined), { ttlMs: { least: 1 } }, "ttlMs"],
  ];
  for (const [entry, options, field] of bad) {
    assertThrows(
      () => entry(server, options),
      InvalidValueError,
      `Cannot create HTTP handler: ${field} must have known names only`,
    );
  }
  assertThrows(
    () => make(RedisBackbone)({ lines() {} }, { events: { length: 1 } }),
    InvalidValueError,
    "Cannot make backbone: events must have known names only",
  );
  assertThrows(
    () => make(PhoenixEndpoint)(topics, { limits: { frame: 1 } }),
    InvalidValueError,
    "Cannot create endpoint: limits must have known names only",
  );
});

/** Invalid values of options, by entry point. */
const BAD: Record<string, object[]> = {
  startHeartbeat: [
    { intervalMs: "9" },
    { jitter: "0" },
    { beacon: {} },
    { publish: undefined },
    { onError: undefined },
    { goodbye: 5 },
    { clock: 5 },
    { steadyClock: 5 },
  ],
  Throttle: [{ intervalMs: "9" }, { send: undefined }, { clock: 5 }],
  TypingDetector: [{ debounceMs: "9" }, { onChange: undefined }, { clock: 5 }],
  ActivityMonitor: [
    { activityTimeoutMs: "9" },
    { idleTimeoutMs: "9000000" },
    { onChange: undefined },
    { clock: 5 },
  ],
  PresenceStore: [
    { retention: "9" },
    { refreshes: "silently" },
    { staleUpdates: "refused" },
    { epoch: 5 },
    { onChange: 5 },
  ],
  PresenceServer: [
    { graceMs: "100" },
    { maxSubjectsPerContext: "9" },
    { maxDepartures: "9" },
    { retention: "9" },
    { staleUpdates: "refused" },
    { epoch: 5 },
    { clock: 5 },
    { steadyClock: 5 },
  ],
  createHttpHandler: [{ goodbyeSecret: 5 }],
  "PresenceServer.watch": [{ keepAliveMs: "9" }],
  TopicPresence: [
    { ttlMs: "9" },
    { facets: 5 },
    { channels: {} },
    { onError: 5 },
  ],
  "TopicPresence.track": [{ ttlMs: "60000" }, { visibility: "hidden" }],
  PresenceBeacon: [{ expiry: { after: "9" } }, { visibility: "hidden" }],
};

for (const [name, entry, before, good] of ENTRIES) {
  const bad = BAD[name];
  if (bad === undefined) continue;

  Deno.test(`${name}: refuses an option of the wrong type at once`, () => {
    for (const options of bad) {
      assertThrows(
        () => entry(...before, { ...good, ...options }),
        InvalidValueError,
        `: ${Object.keys(options)[0]} must be `,
      );
    }
  });
}

for (const [name, entry, before] of ENTRIES) {
  if (
    !/Beacon|^start|^Throttle|Detector|Monitor|Store|Server|Topic/.test(name)
  ) {
    continue;
  }
  Deno.test(`${name}: refuses options that are not an object`, () => {
    for (const options of [null, 5, "fast"]) {
      assertThrows(
        () => entry(...before, options),
        InvalidValueError,
        "options must be an object: received",
      );
    }
  });
}

Deno.test("validateAgentConfig() finds a misspelt field", () => {
  const config = {
    agentId: "builder",
    project: "shop",
    backbone,
    heartbeatIntervalMs: 5_000,
    watchBufer: 1,
  };
  assertEquals(
    validateAgentConfig(config)?.message,
    "presence.Config: watchBufer: is not a field of a config",
  );
});

Deno.test("an entry point that needs a server, topics or a connection refuses other values at once", () => {
  const calls: [name: string, (bad: unknown) => unknown, field: string][] = [
    ["TopicPresence", make(TopicPresence), "server"],
    ["DocumentPresence", make(DocumentPresence), "server"],
    ["createHttpHandler", call(createHttpHandler), "server"],
    ["PhoenixEndpoint", make(PhoenixEndpoint), "presence"],
    ["joinCluster", (bad) => call(joinCluster)(bad, backbone), "server"],
    ["joinCluster", (bad) => call(joinCluster)(server, bad), "backbone"],
    ["RedisBackbone", make(RedisBackbone), "connector"],
    ["NatsBackbone", make(NatsBackbone), "nats"],
    [
      "PresenceMetrics",
      (bad) => make(PresenceMetrics)({ server: bad }),
      "server",
    ],
    ["PresenceClient", (bad) => make(PresenceClient)({ url: bad }), "url"],
  ];
  for (const [name, entry, field] of calls) {
    for (const bad of [{}, { store: 1 }, null, undefined, "text"]) {
      const error = assertThrows(() => entry(bad), InvalidValueError, "", name);
      assertEquals(error.field, field, name);
    }
  }
});
