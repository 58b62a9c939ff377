import { Histogram, Registry } from "prom-client";
import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { assertServer } from "../internal.ts";
import { largestMetrics, materiMetric } from "./document_metrics.ts";
import { type Metric, register, type Sources } from "./instruments.ts";
import { metricsTable } from "./metrics_table.ts";
import type {
  MeasuredServer,
  MetricsSources,
  OtherMetrics,
} from "./sources.ts";

/** In seconds: what people take for at once, and what they notice. */
const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1];

/** What to measure, and how to name it. */
export interface PresenceMetricsOptions extends MetricsSources {
  /** The server. */
  readonly server: MeasuredServer;
  /**
   * What the names of all metrics begin with; may be empty.
   *
   * @default {"ruthere_", or "materi_"}
   */
  readonly prefix?: string | undefined;
  /**
   * Whether dashboards made for Materi are to find what they ask for:
   * `presence_active_users` is by `document_id` and `workspace_id` then, and
   * `presence_updates_total` by `event_type`.
   *
   * @default {false}
   */
  readonly materi?: boolean | undefined;
  /**
   * Of how many documents, and of how many workspaces, it is told by their ids
   * how many people they have: those with the most. Each is a series of its
   * own, and its id is told to whoever may read the metrics.
   *
   * @default {0, or 1_000 for Materi}
   */
  readonly documentLabels?: number | undefined;
  /**
   * Metrics to tell after these, by other names: a registry with those of the
   * process, as `collectDefaultMetrics` of prom-client makes them.
   */
  readonly others?: OtherMetrics | undefined;
}

/**
 * The numbers of a server and what serves it, for Prometheus. They are read
 * when they are asked for; until then nothing is done for them. They are in a
 * registry of their own, never in the one that prom-client shares.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { PresenceMetrics } from "@ruthere/presence/server/metrics";
 * import { assertStringIncludes } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const metrics = new PresenceMetrics({ server });
 * assertStringIncludes(await metrics.text(), "ruthere_presence_active_users 0");
 * ```
 */
export class PresenceMetrics {
  readonly #registry = new Registry();
  readonly #server: MeasuredServer;
  readonly #others: OtherMetrics | undefined;
  #sources: Sources = {};
  readonly #latency: Histogram;

  /**
   * Makes the metrics of a server.
   *
   * @param options What to measure, and how to name it.
   * @throws {InvalidValueError} If the prefix can't begin a name, the number of
   * documents is not a whole number of zero or more, or the documents are of
   * another server.
   */
  constructor(options: PresenceMetricsOptions) {
    const { server, materi = false, ...rest } = options;
    const { prefix = materi ? "materi_" : "ruthere_", ...named } = rest;
    const { documentLabels = materi ? 1_000 : 0, others, ...sources } = named;
    assertServer(server, "measure presence");
    assertPrefix(prefix);
    assertLimit(documentLabels);
    this.#server = server;
    this.#others = others;
    this.measure(sources);
    register(
      this.#registry,
      prefix,
      [
        ...peopleMetrics(server, materi, documentLabels),
        ...metricsTable(materi ? "event_type" : "event"),
      ],
      () => this.#sources,
    );
    this.#latency = new Histogram({
      name: `${prefix}cursor_update_latency_seconds`,
      help: "From the receipt of a cursor to its broadcast.",
      buckets: LATENCY_BUCKETS,
      registers: [this.#registry],
    });
  }

  /** What the text says of itself in a `Content-Type`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * Measures more than was there when this was made, or something else in its
   * place; counters go on, by what that has counted. What is left out stays as
   * it is.
   *
   * @param sources What to measure from now on.
   * @throws {InvalidValueError} If the documents are of another server.
   */
  measure(sources: MetricsSources): void {
    const { http, phoenix, cluster, documents, ...others } = sources;
    assertNoOtherOptions(others, "measure presence");
    assertSameServer(documents, this.#server);
    this.#sources = {
      server: this.#server,
      http: http ?? this.#sources.http,
      phoenix: phoenix ?? this.#sources.phoenix,
      cluster: cluster ?? this.#sources.cluster,
      documents: documents ?? this.#sources.documents,
    };
  }

  /**
   * Takes note of how long it took to tell others of a cursor: to be given to
   * `DocumentPresence` as `onCursorUpdate`. O(1).
   *
   * @param latencyMs How long, in milliseconds. What is below 0, of a clock
   * that was set back, counts as 0; what is no number does not count.
   */
  readonly observeCursorUpdate = (latencyMs: number): void => {
    if (Number.isFinite(latencyMs)) {
      this.#latency.observe(Math.max(0, latencyMs) / 1_000);
    }
  };

  /**
   * Reads all metrics. O(watches and sockets), and O(rows that the node of a
   * cluster follows); with `documentLabels` also O(contexts).
   *
   * @returns The text that Prometheus reads.
   */
  async text(): Promise<string> {
    const texts = [this.#registry.metrics(), this.#others?.metrics() ?? ""];
    return (await Promise.all(texts)).join("\n").trimEnd() + "\n";
  }
}

/** How many people there are: in one number, by document, or both. */
function peopleMetrics(
  server: MeasuredServer,
  materi: boolean,
  limit: number,
): Metric[] {
  if (materi) return [materiMetric(server, limit)];
  const all: Metric = [
    "presence_active_users",
    "Distinct subjects that are present, in whatever contexts.",
    { server: ({ subjects }) => subjects },
  ];
  return limit > 0 ? [all, ...largestMetrics(server, limit)] : [all];
}

function assertSameServer(
  documents: MetricsSources["documents"],
  server: MeasuredServer,
): void {
  const of = documents?.server;
  if (of === undefined || of === server) return;
  const rule = "must be of the server that is measured";
  throw new InvalidValueError("measure presence", "documents", rule, documents);
}

function assertPrefix(prefix: string): void {
  if (prefix === "" || /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(prefix)) return;
  const rule = "must be letters, digits, _ and :, and not begin with a digit";
  throw new InvalidValueError("measure presence", "prefix", rule, prefix);
}

function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 0) return;
  const rule = "must be a whole number of zero or more";
  throw new InvalidValueError(
    "measure presence",
    "documentLabels",
    rule,
    limit,
  );
}
