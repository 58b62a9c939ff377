import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { InvalidValueError } from "../../core/mod.ts";
import { joinCluster } from "../cluster/mod.ts";
import {
  documentContext,
  type DocumentModel,
  DocumentPresence,
  workspaceContext,
} from "../documents/mod.ts";
import { PresenceServer } from "../mod.ts";
import { MemoryClient } from "../phoenix/testing/memory_client.ts";
import { Reader, update } from "../testing/harness.ts";
import { PresenceMetrics } from "./mod.ts";
import { parseExposition, type Sample } from "./testing/exposition.ts";
import { Measured, scrape } from "./testing/measured.ts";

Deno.test("PresenceMetrics counts subjects and events", async () => {
  await using measured = new Measured();
  const { server } = measured;
  measured.receive({ expiry: server.now + 1_000 });
  measured.receive({ context: "doc-2" });
  measured.receive({ context: "doc-2", observedAt: server.now + 1 });
  measured.receive({ subject: "bob", origin: "bob's" });
  server.withdrawOrigin("bob's");
  assertEquals(await measured.scrape("ruthere_presence_active_users"), [
    "ruthere_presence_active_users 1",
  ]);
  assertEquals(await measured.scrape("ruthere_presence_active_contexts"), [
    "ruthere_presence_active_contexts 2",
  ]);
  await measured.pass(1_000);
  assertEquals(await measured.scrape("ruthere_presence_updates_total"), [
    'ruthere_presence_updates_total{event="published"} 3',
    'ruthere_presence_updates_total{event="refreshed"} 1',
    'ruthere_presence_updates_total{event="withdrawn"} 1',
    'ruthere_presence_updates_total{event="expired"} 1',
    'ruthere_presence_updates_total{event="facets_expired"} 0',
  ]);
  assertEquals(await measured.scrape("ruthere_store_entries"), [
    'ruthere_store_entries{source="own"} 1',
    'ruthere_store_entries{source="replicated"} 0',
  ]);
  assertEquals(await measured.scrape("ruthere_store_retained_changes"), [
    "ruthere_store_retained_changes 5",
  ]);
});

Deno.test("PresenceMetrics counts connections and refusals", async () => {
  await using measured = new Measured();
  const { endpoint, handler } = measured;
  const client = await MemoryClient.connect(endpoint);
  client.say(["1", "1", "nowhere", "wave", {}]);
  const stream = await handler(
    new Request("http://localhost/v1/changes?context=doc-1"),
  );
  const body = stream.body?.getReader();
  await body?.read();
  await handler(new Request("http://localhost/nowhere"));
  assertEquals(await measured.scrape("ruthere_connections"), [
    'ruthere_connections{face="http"} 1',
    'ruthere_connections{face="socket"} 1',
  ]);
  const refused = (await measured.scrape("ruthere_rejected_total"))
    .filter((line) => !line.endsWith(" 0"));
  assertEquals(refused, [
    'ruthere_rejected_total{face="http",reason="not-found"} 1',
    'ruthere_rejected_total{face="socket",reason="not-found"} 1',
  ]);
  await body?.cancel();
});

Deno.test("PresenceMetrics measures the lag of the slowest watch and counts resent baselines", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 2 });
  const metrics = new PresenceMetrics({ server });
  const slow = new Reader(server.watch());
  await slow.read(1);
  for (const subject of ["alice", "bob", "carol"]) {
    server.receive(update({ subject }));
  }
  assertEquals(await scrape(metrics, "ruthere_watch_lag_changes"), [
    "ruthere_watch_lag_changes 3",
  ]);
  await slow.read();
  assertEquals(await scrape(metrics, "ruthere_watch_lag_changes"), [
    "ruthere_watch_lag_changes 0",
  ]);
  assertEquals(await scrape(metrics, "ruthere_baselines_resent_total"), [
    'ruthere_baselines_resent_total{to="watch"} 1',
  ]);
});

Deno.test("PresenceMetrics reports the state of a node and its cluster", async () => {
  await using measured = new Measured();
  const { backbone } = measured;
  using other = new PresenceServer();
  await using cluster = joinCluster(other, backbone, { node: "b" });
  await measured.pass(10_000);
  measured.receive();
  other.receive(update({ subject: "bob" }));
  other.receive(update({ subject: "ben" }));
  await measured.pass(1_000);
  assertEquals(await measured.scrape("ruthere_cluster_status"), [
    'ruthere_cluster_status{status="connecting"} 0',
    'ruthere_cluster_status{status="connected"} 1',
    'ruthere_cluster_status{status="isolated"} 0',
    'ruthere_cluster_status{status="left"} 0',
  ]);
  assertEquals(await measured.scrape("ruthere_cluster_rows"), [
    'ruthere_cluster_rows{owner="a"} 1',
    'ruthere_cluster_rows{owner="b"} 2',
  ]);
  assertEquals(await measured.scrape("ruthere_store_entries"), [
    'ruthere_store_entries{source="own"} 1',
    'ruthere_store_entries{source="replicated"} 2',
  ]);
  assertEquals(await measured.scrape("ruthere_cluster_nodes"), [
    "ruthere_cluster_nodes 2",
  ]);
  await cluster.leave();
  await measured.pass(1_000);
  assertEquals(await measured.scrape("ruthere_cluster_rows"), [
    'ruthere_cluster_rows{owner="a"} 1',
  ]);
  assertEquals(await measured.scrape("ruthere_cluster_node_changes_total"), [
    'ruthere_cluster_node_changes_total{change="came"} 1',
    'ruthere_cluster_node_changes_total{change="went"} 1',
  ]);
});

Deno.test("PresenceMetrics.observeCursorUpdate() sorts latencies into buckets of 5, 10, 25, 50 and 100 ms", async () => {
  using server = new PresenceServer();
  const metrics = new PresenceMetrics({ server });
  // It is passed as a callback.
  const { observeCursorUpdate } = metrics;
  for (const ms of [5, 6, 25, 26, 100, 101]) observeCursorUpdate(ms);
  observeCursorUpdate(-1);
  observeCursorUpdate(NaN);
  const name = "ruthere_cursor_update_latency_seconds";
  assertEquals(await scrape(metrics, name), [
    `${name}_bucket{le="0.005"} 2`,
    `${name}_bucket{le="0.01"} 3`,
    `${name}_bucket{le="0.025"} 4`,
    `${name}_bucket{le="0.05"} 5`,
    `${name}_bucket{le="0.1"} 6`,
    `${name}_bucket{le="+Inf"} 7`,
    `${name}_sum 0.263`,
    `${name}_count 7`,
  ]);
});

// Missing sources

Deno.test("PresenceMetrics has no samples of a missing source, and continues when it is added", async () => {
  await using measured = new Measured();
  const metrics = new PresenceMetrics({ server: measured.server });
  const names = (await scrape(metrics)).map((line) => line.split(/[{ ]/)[0]);
  const of = (part: string) =>
    names.filter((name) => name?.startsWith(`ruthere_${part}`));
  for (const part of ["http", "socket", "cluster", "connections", "rejected"]) {
    assertEquals(of(part), []);
  }
  metrics.measure({ cluster: measured.cluster });
  assertEquals(await scrape(metrics, "ruthere_cluster_nodes"), [
    "ruthere_cluster_nodes 1",
  ]);
  assertEquals(await scrape(metrics, "ruthere_connections"), []);
});

Deno.test("PresenceMetrics continues counters when a source is replaced", async () => {
  using server = new PresenceServer();
  const metrics = new PresenceMetrics({
    server,
    documents: { stats: { coalesced: 5, statesResent: 0 } },
  });
  const name = "ruthere_document_events_coalesced_total";
  assertEquals(await scrape(metrics, name), [`${name} 5`]);
  assertEquals(await scrape(metrics, name), [`${name} 5`]);
  metrics.measure({ documents: { stats: { coalesced: 2, statesResent: 0 } } });
  assertEquals(await scrape(metrics, name), [`${name} 7`]);
  // A new source may have counted more than the old one.
  const busy = { stats: { coalesced: 10, statesResent: 0 } };
  metrics.measure({ documents: busy });
  assertEquals(await scrape(metrics, name), [`${name} 17`]);
  metrics.measure({ documents: busy });
  assertEquals(await scrape(metrics, name), [`${name} 17`]);
});

Deno.test("PresenceMetrics adds all counts of a new source, and only once", async () => {
  using server = new PresenceServer();
  const http = (requests: number) => ({
    stats: {
      requests,
      streams: 0,
      rejected: new Map([["gap", requests] as const]),
    },
  });
  const documents = { stats: { coalesced: 0, statesResent: 3 } };
  const metrics = new PresenceMetrics({ server, http: http(4), documents });
  const counted = async () =>
    [
      ...await scrape(metrics, "ruthere_http_requests_total"),
      ...(await scrape(metrics, "ruthere_rejected_total"))
        .filter((line) => line.includes('"gap"')),
      ...(await scrape(metrics, "ruthere_baselines_resent_total"))
        .filter((line) => line.includes("document")),
    ].map((line) => line.split(" ").at(-1));
  assertEquals(await counted(), ["4", "4", "3"]);
  metrics.measure({ http: http(6) });
  assertEquals(await counted(), ["10", "10", "3"]);
});

Deno.test("PresenceMetrics appends the metrics of others", async () => {
  using server = new PresenceServer();
  const others = new Registry();
  new Gauge({ name: "rooms", help: "Rooms.", registers: [others] }).set(3);
  const lines = await scrape(new PresenceMetrics({ server, others }));
  assertEquals(lines.at(-1), "rooms 3");
  assert(lines.includes("ruthere_watches 0"));
});

// Names and labels

/** The queries of a dashboard for Materi. */
const QUERIES_OF_MATERI = [
  'materi_presence_active_users{document_id="42", workspace_id="acme"}',
  'sum by (document_id) (materi_presence_active_users{workspace_id="acme"})',
  "topk(10, sum by (workspace_id) (materi_presence_active_users))",
  "sum(materi_presence_active_users)",
  "sum by (event_type) (rate(materi_presence_updates_total[5m]))",
  'rate(materi_presence_updates_total{event_type="published"}[5m])',
  "histogram_quantile(0.95, sum by (le) (rate(materi_cursor_update_latency_seconds_bucket[5m])))",
  "rate(materi_cursor_update_latency_seconds_sum[5m]) / rate(materi_cursor_update_latency_seconds_count[5m])",
  'materi_cursor_update_latency_seconds_bucket{le="0.1"}',
];

/** Returns the samples of each selector of a query, which have its labels. */
function foundBy(query: string, samples: readonly Sample[]): Sample[][] {
  const selectors = [...query.matchAll(/\b(materi_\w+)(?:\{([^}]*)\})?/g)];
  const [, grouping = ""] = /\bby \(([^)]*)\)/.exec(query) ?? [];
  return selectors.map(([, name, matchers = ""]) => {
    const wanted = Array.from(
      matchers.matchAll(/(\w+)="([^"]*)"/g),
      ([, label = "", value]) => [label, value] as const,
    );
    return samples.filter((sample) =>
      sample.name === name &&
      wanted.every(([label, value]) => sample.labels[label] === value) &&
      (grouping === "" || grouping in sample.labels)
    );
  });
}

Deno.test("PresenceMetrics for Materi answers the queries of its dashboards", async () => {
  using server = new PresenceServer<DocumentModel>();
  const metrics = new PresenceMetrics({ server, materi: true });
  using documents = new DocumentPresence(server, {
    onCursorUpdate: metrics.observeCursorUpdate,
  });
  const name = "Ada";
  const acme = { documentId: "42", workspaceId: "acme", name };
  using tab = await documents.join("ada", acme);
  using _second = await documents.join("ada", acme);
  using _bob = await documents.join("bob", acme);
  using _cy = await documents.join("cy", { documentId: "43", name });
  tab.updateCursor({ line: 0, column: 0, offset: 0 });

  const families = parseExposition(await metrics.text());
  const samples = families.flatMap(({ samples }) => samples);
  for (const query of QUERIES_OF_MATERI) {
    for (const found of foundBy(query, samples)) {
      assert(found.length > 0, query);
    }
  }
  assertEquals(await scrape(metrics, "materi_presence_active_users"), [
    'materi_presence_active_users{document_id="42",workspace_id="acme"} 2',
    'materi_presence_active_users{document_id="43",workspace_id=""} 1',
  ]);
  const typeOf = (name: string) =>
    families.find((family) => family.name === name)?.type;
  assertEquals(typeOf("materi_presence_active_users"), "gauge");
  assertEquals(typeOf("materi_presence_updates_total"), "counter");
  assertEquals(typeOf("materi_cursor_update_latency_seconds"), "histogram");
  const bounds = samples
    .filter(({ name }) =>
      name === "materi_cursor_update_latency_seconds_bucket"
    )
    .map(({ labels }) => labels.le);
  assertEquals(bounds, ["0.005", "0.01", "0.025", "0.05", "0.1", "+Inf"]);
});

Deno.test("PresenceMetrics for Materi limits the number of documents", async () => {
  await using measured = new Measured({ materi: true, documentLabels: 1 });
  for (const subject of ["alice", "bob"]) {
    measured.receive({ subject, context: documentContext("one") });
  }
  measured.receive({ context: documentContext("two") });
  assertEquals(await measured.scrape("materi_presence_active_users"), [
    'materi_presence_active_users{document_id="one",workspace_id=""} 2',
  ]);
});

Deno.test("new PresenceMetrics() refuses an invalid prefix and an invalid number of documents", () => {
  using server = new PresenceServer();
  for (const prefix of ["1_", "my-app_", "é", "a b"]) {
    const error = assertThrows(
      () => new PresenceMetrics({ server, prefix }),
      InvalidValueError,
    );
    assert(error.message.startsWith("Cannot measure presence: prefix"));
  }
  for (const documentLabels of [-1, 0.5, NaN, Infinity]) {
    assertThrows(
      () => new PresenceMetrics({ server, documentLabels }),
      InvalidValueError,
    );
  }
});

Deno.test("PresenceMetrics refuses documents of another server", () => {
  using server = new PresenceServer<DocumentModel>();
  using other = new PresenceServer<DocumentModel>();
  using mine = new DocumentPresence(server);
  using documents = new DocumentPresence(other);
  const metrics = new PresenceMetrics({ server, documents: mine });
  for (
    const measure of [
      () => new PresenceMetrics({ server, documents }),
      () => metrics.measure({ documents }),
    ]
  ) {
    const error = assertThrows(measure, InvalidValueError);
    assertEquals(error.field, "documents");
  }
});

Deno.test("PresenceMetrics writes as prom-client does", async () => {
  await using measured = new Measured({ documentLabels: 9 });
  const { metrics } = measured;
  measured.receive({ context: documentContext('th"ree\\\n') });
  const latencies = [0, 5, 6, 99.9, 1_000, 1e-9];
  for (const ms of latencies) metrics.observeCursorUpdate(ms);
  await measured.pass(1_000);

  const text = await metrics.text();
  const registers = [new Registry()];
  for (const { name, help, type, samples } of parseExposition(text)) {
    const labelNames = Object.keys(samples[0]?.labels ?? {});
    if (type === "histogram") {
      const buckets = [0.005, 0.01, 0.025, 0.05, 0.1];
      const histogram = new Histogram({ name, help, buckets, registers });
      for (const ms of latencies) histogram.observe(ms / 1_000);
    } else if (type === "gauge") {
      const gauge = new Gauge({ name, help, labelNames, registers });
      if (labelNames.length === 0) gauge.remove();
      for (const { labels, value } of samples) gauge.set(labels, value);
    } else {
      const counter = new Counter({ name, help, labelNames, registers });
      if (labelNames.length === 0) counter.remove();
      for (const { labels, value } of samples) counter.inc(labels, value);
    }
  }
  const [registry] = registers;
  assertEquals(text, await registry?.metrics());
  assertEquals(metrics.contentType, registry?.contentType);
});

Deno.test("PresenceMetrics has no label with a subject or a context", async () => {
  await using measured = new Measured();
  const { handler, endpoint } = measured;
  const secret = "s3cret";
  for (const context of [secret, documentContext(secret)]) {
    measured.receive({ subject: secret, context, origin: secret });
  }
  await handler(new Request(`http://localhost/${secret}`));
  const client = await MemoryClient.connect(endpoint);
  client.say(["1", "1", secret, secret, { [secret]: secret }]);
  await measured.pass(1_000);
  const text = await measured.metrics.text();
  assert(!text.includes(secret), text);
});

Deno.test("PresenceMetrics measures the given number of largest documents and workspaces", async () => {
  await using measured = new Measured({ documentLabels: 2 });
  const { server } = measured;
  const enter = (subject: string, document: string, workspace: string) => {
    const origin = `${subject} in ${document}`;
    for (
      const context of [documentContext(document), workspaceContext(workspace)]
    ) measured.receive({ subject, context, origin });
  };
  enter("alice", "one", "acme");
  enter("alice", "two", "acme");
  enter("bob", "two", "acme");
  enter("alice", 'th"ree\n', "umbra");
  enter("bob", 'th"ree\n', "umbra");
  enter("carol", 'th"ree\n', "umbra");
  measured.receive({ context: "a room that is no document" });
  const name = "ruthere_presence_document_active_users";
  assertEquals(await measured.scrape(name), [
    `${name}{document_id="th\\"ree\\n"} 3`,
    `${name}{document_id="two"} 2`,
  ]);
  assertEquals(
    await measured.scrape("ruthere_presence_workspace_active_users"),
    [
      'ruthere_presence_workspace_active_users{workspace_id="umbra"} 3',
      'ruthere_presence_workspace_active_users{workspace_id="acme"} 2',
    ],
  );
  server.withdrawOrigin('carol in th"ree\n');
  server.withdrawOrigin('bob in th"ree\n');
  server.withdrawOrigin('alice in th"ree\n');
  assertEquals(await measured.scrape(name), [
    `${name}{document_id="two"} 2`,
    `${name}{document_id="one"} 1`,
  ]);
});

// Cost

Deno.test("PresenceMetrics does not grow as subjects join and leave", async () => {
  await using measured = new Measured();
  const { server, handler } = measured;
  await measured.pass(10_000);
  const before = (await measured.scrape()).map(seriesOf);
  for (let n = 0; n < 2_000; n++) {
    measured.receive({ subject: `user ${n}`, context: `doc ${n % 500}` });
    if (n % 100 === 0) await measured.scrape();
    server.withdrawOrigin("tab");
    if (n < 100) await handler(new Request(`http://localhost/v1/${n}`));
  }
  await measured.pass(60_000);
  assertEquals((await measured.scrape()).map(seriesOf), before);
});

Deno.test("PresenceMetrics reads each source once for a scrape, and only then", async () => {
  using server = new PresenceServer();
  let readings = 0;
  const { store } = server;
  const metrics = new PresenceMetrics({
    server: {
      store,
      get stats() {
        readings++;
        return server.stats;
      },
    },
  });
  server.receive(update());
  assertEquals(readings, 0);
  await metrics.text();
  assertEquals(readings, 1);
  server.receive(update({ subject: "bob" }));
  assertEquals(readings, 1);
  assertEquals(await scrape(metrics, "ruthere_presence_active_users"), [
    "ruthere_presence_active_users 2",
  ]);
  assertEquals(readings, 2);
});

Deno.test("PresenceMetrics counts correctly for concurrent scrapes", async () => {
  using server = new PresenceServer();
  const metrics = new PresenceMetrics({ server });
  server.receive(update());
  const texts = await Promise.all([metrics.text(), metrics.text()]);
  for (const text of texts) {
    assert(text.includes('updates_total{event="published"} 1\n'), text);
  }
});

function seriesOf(line: string): string {
  return line.slice(0, line.lastIndexOf(" "));
}
