import { canWait, outputWidth, type NetworkModel } from "./network-model.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import type { Rows } from "./run.ts";
import { StateError } from "./state-error.ts";
import { OUTPUTS_MAX } from "./state.ts";
import { rowShapes, STREAM_STEP, Stream, WAITING_VALUES_MAX, type StreamState, type WaitingSample } from "./stream.ts";
import type { Template } from "./template/parse-template.ts";

/** Characters of the stored text: room for all values of samples that wait. */
const TEXT_MAX = 16 * 1024 * 1024;

/** What a network remembers about its stream, as a text to be stored beside the network. */
export function streamText({ state }: Stream): string {
  const { waiting, ...others } = state;
  const samples = waiting.map(({ inputs, expected }) => ({
    inputs: inputs.map(stored),
    expected: expected.map(stored),
  }));
  return JSON.stringify({ ...others, waiting: samples });
}

const stored = ({ index, width, values }: Rows) => ({
  index,
  width,
  type: values instanceof Uint8Array ? "u8" : "f32",
  values: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64"),
});

/** Reads what `streamText` wrote, or an empty text. The text may come from anybody: throws StateError. */
export function parseStream(text: string, template: Template): Stream {
  if (text === "") return new Stream();
  if (text.length > TEXT_MAX) throw invalid(`it has more than ${TEXT_MAX} characters`);
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new StateError("its stream is not valid: it is not JSON", { cause });
  }
  const { drift, waiting } = fields(found, ["drift", "waiting"]);
  const known = fields(drift, ["seen", "fast", "slow", "pause", "forgotten"]);
  if (!Array.isArray(waiting) || waiting.length >= STREAM_STEP) throw invalid("too many samples wait");
  const state: StreamState = {
    waiting: waiting.map((sample) => parseSample(sample, template)),
    drift: {
      seen: countOf(known["seen"]),
      fast: errorOf(known["fast"]),
      slow: errorOf(known["slow"]),
      pause: countOf(known["pause"]),
      forgotten: countOf(known["forgotten"]),
    },
  };
  if (new Set(state.waiting.map(rowShapes)).size > 1) throw invalid("samples that wait differ in their rows");
  return new Stream(state);
}

/**
 * Throws StateError if samples wait in a network that lets none wait, or are wider than the network, which widens for
 * them before.
 */
export function checkWaiting(model: NetworkModel): void {
  if (!canWait(model)) throw invalid("samples wait in a network that learns each at once");
  for (const { inputs, expected } of model.stream.state.waiting) {
    const isKnown =
      inputs.every(({ index, width }) => width <= model.state.arrays.inputWidth[index]!) &&
      expected.every(({ index, width }) => width <= outputWidth(model, index));
    if (!isKnown) throw invalid("a sample that waits is wider than the network");
  }
}

function parseSample(value: unknown, { inputs, outputs }: Template): WaitingSample {
  const sample = fields(value, ["inputs", "expected"]);
  const rows = {
    inputs: parseRows(sample["inputs"], inputs, () => 1),
    expected: parseRows(sample["expected"], outputs, ({ kind }) => NEURONS_PER_VALUE[kind]),
  };
  const values = [...rows.inputs, ...rows.expected].reduce((sum, { width }) => sum + width, 0);
  if (values > WAITING_VALUES_MAX) throw invalid("a sample that waits has too many values");
  return rows;
}

function parseRows<Port>(value: unknown, ports: readonly Port[], neurons: (port: Port) => number): Rows[] {
  if (!Array.isArray(value) || value.length > ports.length) throw invalid("a sample that waits has no list of rows");
  const known = new Set<number>();
  return value.map((each: unknown) => {
    const { index, width, type, values } = fields(each, ["index", "width", "type", "values"]);
    const port = ports[countOf(index)];
    if (port === undefined || known.has(countOf(index))) throw invalid("a row that waits belongs to nothing");
    known.add(countOf(index));
    if (typeof values !== "string" || (type !== "u8" && type !== "f32"))
      throw invalid("a row that waits has no values");
    // A copy, because floats need an alignment.
    const bytes = new Uint8Array(Buffer.from(values, "base64"));
    const size = type === "u8" ? 1 : 4;
    if (bytes.byteLength !== countOf(width) * size) throw invalid("a row that waits has another width");
    if (bytes.byteLength / size > OUTPUTS_MAX / neurons(port)) throw invalid("a row that waits is too wide");
    return {
      index: countOf(index),
      width: countOf(width),
      values: type === "u8" ? bytes : new Float32Array(bytes.buffer),
    };
  });
}

function countOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid("a count is none");
  return value as number;
}

function errorOf(value: unknown): number {
  if (typeof value !== "number" || !(value >= 0 && value < Infinity)) throw invalid("an error is no number");
  return value;
}

/** An object with exactly these fields. */
function fields(value: unknown, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("an object is missing");
  const found = value as Record<string, unknown>;
  if (Object.keys(found).length !== names.length || !names.every((name) => Object.hasOwn(found, name)))
    throw invalid(`an object has other fields than ${names.join(", ")}`);
  return found;
}

const invalid = (reason: string) => new StateError(`its stream is not valid: ${reason}`);
