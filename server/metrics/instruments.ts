import { Counter, Gauge, type Registry } from "prom-client";
import type { ClusterStats } from "../cluster/mod.ts";
import type { DocumentStats } from "../documents/mod.ts";
import type { HttpStats } from "../http/mod.ts";
import type { ServerStats } from "../mod.ts";
import type { PhoenixStats } from "../phoenix/mod.ts";

/** The statistics that metrics are read from, by the name of their source. */
export interface StatsOf {
  readonly server: ServerStats;
  readonly http: HttpStats;
  readonly phoenix: PhoenixStats;
  readonly cluster: ClusterStats;
  readonly documents: DocumentStats;
}

type Source = keyof StatsOf;

const SOURCES: readonly Source[] = [
  "server",
  "http",
  "phoenix",
  "cluster",
  "documents",
];

/** What has statistics; another one may take the place of any. */
export type Sources = {
  readonly [Name in Source]?: { readonly stats: StatsOf[Name] } | undefined;
};

/** What a metric is at the moment: by its only label, or by several. */
export type Reading =
  | number
  | Readonly<Record<string, number>>
  | readonly Labelled[];

/** A value, and all the labels that it is told by. */
export type Labelled = readonly [labels: Record<string, string>, value: number];

/** A metric, and how it is read from the statistics of those that have it. */
export type Metric = readonly [
  /** A counter, which only grows, is told from a gauge by its end: `_total`. */
  name: string,
  help: string,
  read: {
    readonly [Name in Source]?: (stats: StatsOf[Name]) => Reading;
  },
  ...labels: string[],
];

/** A value of a metric, and what it was read from. */
interface Sample {
  readonly source: object;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** What all that prom-client makes is given. */
interface About {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/**
 * Puts metrics into a registry. They are read when they are asked for: until
 * then nothing is done for them.
 */
export function register(
  registry: Registry,
  prefix: string,
  metrics: readonly Metric[],
  sources: () => Sources,
): void {
  const stats = onceATurn(() => readAll(sources()));
  for (const metric of metrics) {
    const [name, help, , ...labelNames] = metric;
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

/** A number that goes up and down; what is not read any more is forgotten. */
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
 * A number that only grows. What is read may begin anew; the metric goes on.
 * What has taken the place of a source has told nothing yet: it counts whole.
 */
function addCounter(about: About, read: () => readonly Sample[]): void {
  const told = new WeakMap<object, Map<string, number>>();
  const counter = new Counter({
    ...about,
    collect() {
      for (const { source, labels, value } of read()) {
        const known = told.get(source) ?? new Map<string, number>();
        told.set(source, known);
        const key = JSON.stringify(labels);
        const former = known.get(key) ?? 0;
        known.set(key, value);
        this.inc(labels, value < former ? value : value - former);
      }
    },
  });
  if (about.labelNames.length === 0) counter.remove();
}

type AllStats = { readonly [Name in Source]: StatsOf[Name] | undefined };

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
  [, , read, label = ""]: Metric,
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

/** Reads once, however often it is asked in a turn: a scrape asks in one. */
function onceATurn<T>(read: () => T): () => T {
  let reading: { readonly value: T } | undefined;
  return () => {
    if (reading === undefined) {
      reading = { value: read() };
      queueMicrotask(() => reading = undefined);
    }
    return reading.value;
  };
}
