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

/** A value of a metric, its source, and its labels as text. */
interface Sample {
  readonly source: object;
  readonly labels: string;
  readonly value: number;
}

/** Reads metrics from their sources, and writes them. */
export class Instruments {
  readonly #prefix: string;
  readonly #metrics: Metrics;
  readonly #counters = new Map<string, Counter>();

  /** Creates instruments for metrics, whose names get a prefix. */
  constructor(prefix: string, metrics: Metrics) {
    this.#prefix = prefix;
    this.#metrics = metrics;
  }

  /** Returns the text of each metric. It reads each source once. */
  texts(sources: Sources): string[] {
    const stats = readAll(sources);
    return Object.entries(this.#metrics).map(([name, metric]) => {
      const samples = SOURCES.flatMap((source) =>
        samplesOf(metric, source, sources, stats)
      );
      const isCounter = name.endsWith("_total");
      const values = isCounter ? this.#count(name, samples) : valuesOf(samples);
      const type = isCounter ? "counter" : "gauge";
      return metricText(this.#prefix + name, metric[0], type, [...values]);
    });
  }

  #count(name: string, samples: readonly Sample[]) {
    const counter = this.#counters.get(name) ?? new Counter();
    this.#counters.set(name, counter);
    return counter.count(samples);
  }
}

/** Returns the values of a gauge, which rise and fall, by their labels. */
function valuesOf(samples: readonly Sample[]): ReadonlyMap<string, number> {
  return new Map(samples.map(({ labels, value }) => [labels, value]));
}

/** A metric that only grows. */
class Counter {
  readonly #values = new Map<string, number>();
  readonly #counted = new WeakMap<object, Map<string, number>>();

  /**
   * Returns the values by their labels. If the value of a source restarts, the
   * metric continues. The value of a source that replaces another is added in
   * full.
   */
  count(samples: readonly Sample[]): ReadonlyMap<string, number> {
    for (const { source, labels, value } of samples) {
      const known = this.#counted.get(source) ?? new Map<string, number>();
      this.#counted.set(source, known);
      const former = known.get(labels) ?? 0;
      known.set(labels, value);
      const added = value < former ? value : value - former;
      this.#values.set(labels, (this.#values.get(labels) ?? 0) + added);
    }
    return this.#values;
  }
}

/** Counts values by their size. */
export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #counts: Map<number, number>;
  #sum = 0;

  /** Creates a histogram whose buckets have upper bounds. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#counts = new Map([...bounds, Infinity].map((bound) => [bound, 0]));
  }

  /** Counts a value, in each bucket that it fits into. */
  observe(value: number): void {
    this.#sum += value;
    for (const [bound, count] of this.#counts) {
      if (value <= bound) this.#counts.set(bound, count + 1);
    }
  }

  /** Returns the text of the metric. */
  text(): string {
    const buckets = Array.from(this.#counts, ([bound, count]) => {
      const le = bound === Infinity ? "+Inf" : `${bound}`;
      return [`_bucket${labelsText({ le })}`, count] as const;
    });
    const count = this.#counts.get(Infinity) ?? 0;
    return metricText(this.#name, this.#help, "histogram", [
      ...buckets,
      ["_sum", this.#sum],
      ["_count", count],
    ]);
  }
}

/**
 * Writes a metric in the text format of Prometheus. The name of a sample is the
 * name of the metric and an end, which has the labels.
 */
function metricText(
  name: string,
  help: string,
  type: "counter" | "gauge" | "histogram",
  samples: readonly (readonly [end: string, value: number])[],
): string {
  const lines = samples.map(([end, value]) => `${name}${end} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([name, value]) => {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
      .replaceAll('"', '\\"');
    return `${name}="${escaped}"`;
  });
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
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
    return [{ source, labels: "", value: reading }];
  }
  const all: readonly Labelled[] = Array.isArray(reading)
    ? reading
    : Object.entries(reading).map((
      [text, value],
    ) => [{ [label]: text }, value]);
  return all.map(([labels, value]) => ({
    source,
    labels: labelsText(labels),
    value,
  }));
}
