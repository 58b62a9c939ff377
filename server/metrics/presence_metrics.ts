import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { assertServer } from "../internal.ts";
import { largestMetrics, materiMetrics } from "./document_metrics.ts";
import {
  Histogram,
  Instruments,
  type Metrics,
  type Sources,
} from "./instruments.ts";
import { metricsTable } from "./metrics_table.ts";
import type {
  MeasuredServer,
  MetricsSources,
  OtherMetrics,
} from "./sources.ts";

/** Seconds, from what people perceive as immediate to what they notice. */
const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1];

/** The options of metrics. */
export interface PresenceMetricsOptions extends MetricsSources {
  /** The server. */
  readonly server: MeasuredServer;
  /**
   * The prefix of the names of all metrics; it may be empty.
   *
   * @default {"ruthere_", or "materi_"}
   */
  readonly prefix?: string | undefined;
  /**
   * Whether to support dashboards for Materi: `presence_active_users` then has the
   * labels `document_id` and `workspace_id`, and `presence_updates_total` the label
   * `event_type`.
   *
   * @default {false}
   */
  readonly materi?: boolean | undefined;
  /**
   * The number of documents, and of workspaces, with metrics of their own: those
   * with the most people. Each is a series, and all readers of the metrics see its
   * id.
   *
   * @default {0, or 1_000 for Materi}
   */
  readonly documentLabels?: number | undefined;
  /**
   * Metrics to append, with other names: for instance a registry with the metrics
   * of the process, which `collectDefaultMetrics` of prom-client creates.
   */
  readonly others?: OtherMetrics | undefined;
}

/**
 * Metrics of a server and its faces for Prometheus. A scrape reads them; nothing
 * happens before that.
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
  readonly #instruments: Instruments;
  readonly #others: OtherMetrics | undefined;
  readonly #latency: Histogram;
  #sources: Sources;

  /**
   * Creates the metrics of a server.
   *
   * @param options The options of the metrics.
   * @throws {InvalidValueError} If the prefix can't begin a name, the number of
   * documents is not a whole number of zero or more, or the documents belong to
   * another server.
   */
  constructor(options: PresenceMetricsOptions) {
    const { server, materi = false, ...rest } = options;
    const { prefix = materi ? "materi_" : "ruthere_", ...named } = rest;
    const { documentLabels = materi ? 1_000 : 0, others, ...sources } = named;
    assertServer(server, "measure presence");
    assertPrefix(prefix);
    assertLimit(documentLabels);
    this.#sources = { server };
    this.#others = others;
    this.measure(sources);
    this.#instruments = new Instruments(prefix, {
      ...peopleMetrics(server, materi, documentLabels),
      ...metricsTable(materi ? "event_type" : "event"),
    });
    this.#latency = new Histogram(
      `${prefix}cursor_update_latency_seconds`,
      "From the receipt of a cursor to its broadcast.",
      LATENCY_BUCKETS,
    );
  }

  /** The `Content-Type` of the text. */
  get contentType(): string {
    return "text/plain; version=0.0.4; charset=utf-8";
  }

  /**
   * Adds or replaces sources. Counters continue, and the counts of a new source are
   * added. Omitted sources stay.
   *
   * @param sources The sources.
   * @throws {InvalidValueError} If the documents belong to another server.
   */
  measure(sources: MetricsSources): void {
    const { http, phoenix, cluster, documents, ...others } = sources;
    const action = "measure presence";
    assertNoOtherOptions(others, action);
    const { server, ...former } = this.#sources;
    if (documents?.server !== undefined && documents.server !== server) {
      const rule = "must belong to the server that is measured";
      throw new InvalidValueError(action, "documents", rule, documents);
    }
    this.#sources = {
      server,
      http: http ?? former.http,
      phoenix: phoenix ?? former.phoenix,
      cluster: cluster ?? former.cluster,
      documents: documents ?? former.documents,
    };
  }

  /**
   * Records the latency of a cursor update. Pass it to `DocumentPresence` as
   * `onCursorUpdate`. O(1).
   *
   * @param latencyMs The latency in milliseconds. A value below 0, from a clock
   * that was set back, counts as 0; a value that is not finite does not count.
   */
  readonly observeCursorUpdate = (latencyMs: number): void => {
    if (Number.isFinite(latencyMs)) {
      this.#latency.observe(Math.max(0, latencyMs) / 1_000);
    }
  };

  /**
   * Reads all metrics. O(watches + sockets + rows that a cluster node follows);
   * with `documentLabels` also O(contexts).
   *
   * @returns The metrics in the text format of Prometheus.
   */
  async text(): Promise<string> {
    const own = this.#instruments.texts(this.#sources);
    const texts = [...own, this.#latency.text()];
    const others = await this.#others?.metrics();
    return [...texts, others ?? ""].join("\n").trimEnd() + "\n";
  }
}

/** Returns the numbers of people: in total, by document, or both. */
function peopleMetrics(
  server: MeasuredServer,
  materi: boolean,
  limit: number,
): Metrics {
  if (materi) return materiMetrics(server, limit);
  return {
    presence_active_users: [
      "Distinct subjects in all contexts.",
      { server: ({ subjects }) => subjects },
    ],
    ...limit > 0 ? largestMetrics(server, limit) : {},
  };
}

function assertPrefix(prefix: string): void {
  if (prefix === "" || /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(prefix)) return;
  const rule = "must be letters, digits, _ and :, and not begin with a digit";
  throw new InvalidValueError("measure presence", "prefix", rule, prefix);
}

function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 0) return;
  const rule = "must be a whole number of zero or more";
  const field = "documentLabels";
  throw new InvalidValueError("measure presence", field, rule, limit);
}
