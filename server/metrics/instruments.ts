import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** The values of labels, by their names. */
export type Labels = Readonly<Record<string, string>>;

/** Samples of one metric: for each set of labels its value. */
export type Samples = Iterable<readonly [labels: Labels, value: number]>;

/** Reads a value; `undefined` if there is nothing to read it from. */
export type Reading = () => number | undefined;

/**
 * Makes metrics that are read when they are asked for: until then nothing is
 * done for them. All are in one registry, and have one prefix.
 */
export class Instruments {
  readonly #registry: Registry;
  readonly #prefix: string;

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
  counter(name: string, help: string, read: Reading): void {
    this.counters(name, help, [], () => unlabelled(read()));
  }

  /**
   * Numbers that only grow. What is read may begin anew, when it is of another
   * source than before; the metric goes on.
   */
  counters(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Samples,
  ): void {
    const known = new Map<string, number>();
    new Counter({
      ...this.#about(name, help, labelNames),
      collect() {
        if (labelNames.length === 0 && known.size === 0) this.remove();
        for (const [labels, value] of read()) {
          const key = JSON.stringify(labels);
          const former = known.get(key) ?? 0;
          known.set(key, value);
          this.inc({ ...labels }, value < former ? value : value - former);
        }
      },
    });
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
