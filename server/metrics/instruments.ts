import { Counter, Gauge, type Registry } from "prom-client";
import type { MeasuredServer, MetricsSources } from "./sources.ts";

/** All sources of metrics. Another object may replace any of them. */
export interface Sources extends MetricsSources {
  readonly server: MeasuredServer;
}

type Source = keyof Sources;

/** The statistics of a source. */
type StatsOf<Name extends Source> = NonNullable<Sources[Name]>["stats"];

const SOURCES: readonly Source[] = [
  "server",
  "http",
  "phoenix",
  "cluster",
  "documents",
];

/** The value of a metric, or its values by its only label or by several. */
export type Reading =
  | number
  | Readonly<Record<string, number>>
  | readonly Labelled[];

/** A value with all its labels. */
export type Labelled = readonly [labels: Record<string, string>, value: number];

/** A metric, and how to read it from the statistics of its sources. */
type Metric = readonly [
  help: string,
  read: {
    readonly [Name in Source]?: (stats: StatsOf<Name>) => Reading;
  },
  ...labels: string[],
];

/**
 * Metrics by their names. A name ends in `_total` if the metric is a counter,
 * which only grows.
 */
export type Metrics = Readonly<Record<string, Metric>>;

/** A value of a metric, and the source of the value. */
interface Sample {
  readonly source: object;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** The common settings of the metrics of prom-client. */
interface About {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/**
 * Adds metrics to a registry. A scrape reads them; nothing happens before that.
 */
export function register(
  registry: Registry,
  prefix: string,
  metrics: Metrics,
  sources: () => Sources,
): void {
  let known: AllStats | undefined;
  // Read once a turn of the event loop, which a scrape takes.
  const stats = () => {
    if (known === undefined) {
      known = readAll(sources());
      queueMicrotask(() => known = undefined);
    }
    return known;
  };
  for (const [name, metric] of Object.entries(metrics)) {
    const [help, , ...labelNames] = metric;
    const registers = [registry];
    const about = { name: prefix + name, help, labelNames, registers };
    const read = () =>
      SOURCES.flatMap((source) =>
        samplesOf(metric, source, sources(), stats())
      );
    if (name.endsWith("_total")) addCounter(about, read);
    else addGauge(about, read);
  }
}

/** Adds a number that rises and falls; labels without a value are dropped. */
function addGauge(about: About, read: () => readonly Sample[]): void {
  new Gauge({
    ...about,
    collect() {
      this.reset();
      if (about.labelNames.length === 0) this.remove();
      for (const { labels, value } of read()) this.set(labels, value);
    },
  });
}

/**
 * Adds a number that only grows. If the value of a source restarts, the metric
 * continues. The value of a source that replaces another is added in full.
 */
function addCounter(about: About, read: () => readonly Sample[]): void {
  const counted = new WeakMap<object, Map<string, number>>();
  const counter = new Counter({
    ...about,
    collect() {
      for (const { source, labels, value } of read()) {
        const known = counted.get(source) ?? new Map<string, number>();
        counted.set(source, known);
        const key = JSON.stringify(labels);
        const former = known.get(key) ?? 0;
        known.set(key, value);
        this.inc(labels, value < former ? value : value - former);
      }
    },
  });
  if (about.labelNames.length === 0) counter.remove();
}

type AllStats = { readonly [Name in Source]: StatsOf<Name> | undefined };

function readAll(
  { server, http, phoenix, cluster, documents }: Sources,
): AllStats {
  return {
    server: server?.stats,
    http: http?.stats,
    phoenix: phoenix?.stats,
    cluster: cluster?.stats,
    documents: documents?.stats,
  };
}

function samplesOf<Name extends Source>(
  [, read, label = ""]: Metric,
  name: Name,
  { [name]: source }: Sources,
  { [name]: stats }: AllStats,
): Sample[] {
  const reading = stats && read[name]?.(stats);
  if (source === undefined || reading === undefined) return [];
  if (typeof reading === "number") {
    return [{ source, labels: {}, value: reading }];
  }
  if (Array.isArray(reading)) {
    return reading.map(([labels, value]) => ({ source, labels, value }));
  }
  return Object.entries(reading)
    .map(([text, value]) => ({ source, labels: { [label]: text }, value }));
}
