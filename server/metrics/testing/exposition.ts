/** One sample of a scrape. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric of a scrape. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,(?=.)|$)/;

/**
 * Parses the text format 0.0.4 of Prometheus. It throws on errors of the format,
 * and on bad practice: a metric without a help, a counter whose
 * name does not end in `_total`, or a duplicate sample.
 */
export function parseExposition(text: string): Family[] {
  if (!text.endsWith("\n")) throw new SyntaxError("the last line does not end");
  const families: { -readonly [K in keyof Family]: Family[K] }[] = [];
  const names = new Set<string>();
  let help: readonly [name: string, text: string] | undefined;
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, word = "", name = "", rest = ""] =
      /^# (\w+) (\S+) (.+)$/.exec(line) ?? [];
    if (word === "HELP") {
      if (help !== undefined) {
        throw new SyntaxError(`HELP without a TYPE: ${line}`);
      }
      help = [name, rest];
    } else if (word === "TYPE") {
      if (help?.[0] !== name) throw new SyntaxError(`missing HELP: ${line}`);
      if (!NAME.test(name)) throw new SyntaxError(`bad name: ${line}`);
      if (names.has(name)) throw new SyntaxError(`duplicate: ${line}`);
      names.add(name);
      families.push({ name, help: help[1], type: typeOf(rest), samples: [] });
      help = undefined;
    } else {
      const family = families.at(-1);
      if (line.startsWith("#") || help !== undefined || !family) {
        throw new SyntaxError(`unexpected: ${line}`);
      }
      family.samples = [...family.samples, sampleOf(line)];
    }
  }
  for (const family of families) assertFamily(family);
  return families;
}

/** Formats a sample in one line, like `name{label="value"} 1`. */
export function lineOf({ name, labels, value }: Sample): string {
  return `${seriesOf({ name, labels })} ${value}`;
}

function seriesOf({ name, labels }: Omit<Sample, "value">): string {
  const pairs = Object.entries(labels)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

function typeOf(text: string): Family["type"] {
  if (text === "counter" || text === "gauge" || text === "histogram") {
    return text;
  }
  throw new SyntaxError(`unknown type: ${text}`);
}

function sampleOf(line: string): Sample {
  const [, name = "", pairs = "", written = ""] = SAMPLE.exec(line) ?? [];
  if (!NAME.test(name)) throw new SyntaxError(`bad sample: ${line}`);
  const labels: Record<string, string> = {};
  for (let rest = pairs; rest !== "";) {
    const [pair, label = "", value = ""] = LABEL.exec(rest) ?? [];
    if (pair === undefined || Object.hasOwn(labels, label)) {
      throw new SyntaxError(`bad labels: ${line}`);
    }
    labels[label] = value.replaceAll(
      /\\(.)/g,
      (_, escaped) => escaped === "n" ? "\n" : escaped,
    );
    rest = rest.slice(pair.length);
  }
  const value = Number(written);
  if (!/^-?\d/.test(written) || Number.isNaN(value)) {
    throw new SyntaxError(`bad value: ${line}`);
  }
  return { name, labels, value };
}

function assertFamily({ name, type, samples }: Family): void {
  const series = samples.map(seriesOf);
  if (new Set(series).size < series.length) {
    throw new SyntaxError(`duplicate sample of ${name}`);
  }
  if ((type === "counter") !== name.endsWith("_total")) {
    throw new SyntaxError(`${name} is not a name of a ${type}`);
  }
  for (const sample of samples) {
    const suffix = sample.name.slice(name.length);
    const isOurs = sample.name.startsWith(name) &&
      (type === "histogram"
        ? ["_bucket", "_sum", "_count"].includes(suffix)
        : suffix === "");
    if (!isOurs) throw new SyntaxError(`${sample.name} is not of ${name}`);
    if (type !== "gauge" && sample.value < 0) {
      throw new SyntaxError(`${sample.name} is below zero`);
    }
  }
  if (type === "histogram") assertHistogram(name, samples);
}

function assertHistogram(name: string, samples: readonly Sample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const counts = buckets.map(({ value }) => value);
  const grows = counts.every((count, index) =>
    count >= (counts[index - 1] ?? 0)
  );
  const all = samples.find((sample) => sample.name === `${name}_count`);
  if (!grows || buckets.at(-1)?.labels.le !== "+Inf") {
    throw new SyntaxError(`the buckets of ${name} do not add up`);
  }
  if (all?.value !== counts.at(-1)) {
    throw new SyntaxError(`the count of ${name} differs from its buckets`);
  }
}
