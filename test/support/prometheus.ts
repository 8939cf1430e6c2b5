/** One time series of Prometheus' text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/gy;

const sortedEntries = (labels: Record<string, string>) =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of text.matchAll(labelPattern)) {
    const [whole, name = "", value = ""] = match;
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice: ${text}`);
    labels[name] = value;
    end = match.index + whole.length;
  }
  if (end !== text.length) throw new Error(`labels: ${text}`);
  return labels;
}

function parseValue(text: string): number {
  // Go's ParseFloat, which Prometheus reads with, takes NaN in any case; prom-client writes it as Nan.
  const special: Record<string, number> = { "+inf": Infinity, "-inf": -Infinity, nan: NaN };
  const value = special[text.toLowerCase()] ?? Number(text);
  if (Number.isNaN(value) && text.toLowerCase() !== "nan") throw new Error(`value: ${text}`);
  return value;
}

/** Whether a series belongs to a family: histograms have three kinds of series. */
const belongs = ({ name, type }: Family, sample: string) =>
  type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sample) : sample === name;

/**
 * Reads Prometheus' text format as strictly as its specification (version 0.0.4) allows: HELP and TYPE before the
 * series of a family, families in one piece, no series twice, histograms whole. Throws for everything else.
 */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current: Family | undefined;
  let help: { name: string; text: string } | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = "", rest = ""] = comment;
      if (kind === "HELP") {
        help = { name, text: rest };
        continue;
      }
      if (families.has(name)) throw new Error(`family twice: ${name}`);
      if (help?.name !== name) throw new Error(`no help: ${name}`);
      if (!["counter", "gauge", "histogram", "summary", "untyped"].includes(rest)) throw new Error(`type: ${line}`);
      current = { name, type: rest, help: help.text, samples: [] };
      families.set(name, current);
      continue;
    }
    const match = samplePattern.exec(line);
    if (match === null || current === undefined) throw new Error(`line: ${line}`);
    const [, name = "", labels = "", value = ""] = match;
    if (!belongs(current, name)) throw new Error(`${name} in family ${current.name}`);
    const sample = { name, labels: parseLabels(labels), value: parseValue(value) };
    const key = JSON.stringify([name, sortedEntries(sample.labels)]);
    if (seen.has(key)) throw new Error(`series twice: ${line}`);
    seen.add(key);
    current.samples.push(sample);
  }
  for (const family of families.values()) checkFamily(family);
  return families;
}

function checkFamily({ name, type, samples }: Family): void {
  if (type === "counter" && (!name.endsWith("_total") || samples.some(({ value }) => !(value >= 0)))) {
    throw new Error(`counter: ${name}`);
  }
  if (type !== "histogram") return;
  for (const group of groupBy(samples).values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const counts = buckets.map(({ value }) => value);
    const limits = buckets.map(({ labels }) => parseValue(labels["le"] ?? ""));
    const total = group.find((sample) => sample.name === `${name}_count`)?.value;
    const isSorted = (values: number[]) =>
      values.every((value, index) => index === 0 || value >= (values[index - 1] ?? 0));
    if (!isSorted(counts) || !isSorted(limits) || limits.at(-1) !== Infinity || counts.at(-1) !== total) {
      throw new Error(`histogram: ${name}`);
    }
  }
}

/** The series of one histogram, whatever their `le`. */
function groupBy(samples: Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(sortedEntries(labels));
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return groups;
}
