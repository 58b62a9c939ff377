import { Counter, Gauge, Histogram, type Registry } from "prom-client";

const SOURCES = ["server", "http", "phoenix", "cluster", "documents"] as const;

/** The values of labels, by their names. */
export type Labels = Readonly<Record<string, string>>;

/** Samples of one metric: for each set of labels its value. */
export type Samples = Iterable<readonly [labels: Labels, value: number]>;

/** Reads a value; `undefined` if there is nothing to read it from. */
export type Reading = () => number | undefined;

/** What counters are read from; another one may come in its place. */
export type Source = typeof SOURCES[number];

/** How counters are read, source by source. */
export type Readings = { readonly [Name in Source]?: () => Samples };

/**
 * Makes metrics that are read when they are asked for: until then nothing is
 * done for them. All are in one registry, and have one prefix.
 */
export class Instruments {
  readonly #registry: Registry;
  readonly #prefix: string;
  /** What each counter was told last, by source and labels. */
  readonly #told: Map<Source, Map<string, number>>[] = [];

  /** Makes them for a registry. */
  constructor(registry: Registry, prefix: string) {
    this.#registry = registry;
    this.#prefix = prefix;
  }

  /** A number that goes up and down. */
  gauge(name: string, help: string, read: Reading): void {
    this.gauges(name, help, [], () => unlabelled(read()));
  }

  /** Numbers that go up and down; what is not read any more is forgotten. */
  gauges(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Samples,
  ): void {
    new Gauge({
      ...this.#about(name, help, labelNames),
      collect() {
        this.reset();
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of read()) this.set({ ...labels }, value);
      },
    });
  }

  /** A number that only grows. */
  counter(name: string, help: string, source: Source, read: Reading): void {
    this.counters(name, help, [], { [source]: () => unlabelled(read()) });
  }

  /**
   * Numbers that only grow. What is read may begin anew; the metric goes on.
   * That of another source than before has to be forgotten first.
   */
  counters(
    name: string,
    help: string,
    labelNames: readonly string[],
    readings: Readings,
  ): void {
    const told = new Map<Source, Map<string, number>>();
    this.#told.push(told);
    let isEmpty = labelNames.length === 0;
    new Counter({
      ...this.#about(name, help, labelNames),
      collect() {
        if (isEmpty) this.remove();
        for (const source of SOURCES) {
          const known = told.get(source) ?? new Map<string, number>();
          told.set(source, known);
          for (const [labels, value] of readings[source]?.() ?? []) {
            const key = JSON.stringify(labels);
            const former = known.get(key) ?? 0;
            known.set(key, value);
            this.inc({ ...labels }, value < former ? value : value - former);
            isEmpty = false;
          }
        }
      },
    });
  }

  /** Takes note that something else is read from now on: it counts whole. */
  forget(source: Source): void {
    for (const told of this.#told) told.delete(source);
  }

  /** How long something has taken, in seconds, sorted into buckets. */
  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
  ): (seconds: number) => void {
    const histogram = new Histogram({
      ...this.#about(name, help, []),
      buckets: [...buckets],
    });
    return (seconds) => histogram.observe(seconds);
  }

  #about(name: string, help: string, labelNames: readonly string[]) {
    return {
      name: this.#prefix + name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
    };
  }
}

function unlabelled(value: number | undefined): Samples {
  return value === undefined ? [] : [[{}, value]];
}
