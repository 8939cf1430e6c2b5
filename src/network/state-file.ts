import { createHash } from "node:crypto";
import { modelOf, type NetworkModel } from "./network-model.ts";
import { copyBytes, PIECE_BYTES } from "./copy-bytes.ts";
import { readCycle } from "./cycle.ts";
import { ARRAY_NAMES, HEADER, LAYOUT, type ArrayName, type Arrays, type Per } from "./layout.ts";
import { decodeSafetensors, encodeSafetensors, SafetensorsError, type Tensor, type Tensors } from "./safetensors.ts";
import { NEURONS_PER_VALUE } from "./output-values.ts";
import { StateError } from "./state-error.ts";
import { checkWaiting, parseStream, streamText } from "./stream-text.ts";
import {
  append,
  bytesOf,
  bytesPer,
  count,
  createState,
  heap,
  OUTPUTS_MAX,
  releaseState,
  STATE_BYTES_MAX,
  type Memory,
} from "./state.ts";
import { checkEncoders } from "./check-encoders.ts";
import { parseTemplate, type Template } from "./template/parse-template.ts";
import { TemplateError } from "./template/template-error.ts";
import { validateState } from "./validate-state.ts";
import { yieldPoint } from "./yield-point.ts";

const FORMAT = "hanami-network";
const VERSION = "1";
/** Arrays that files of older programs lack. They start as zeros there, as in a new network. */
const OPTIONAL: ReadonlySet<string> = new Set<ArrayName>(["deltaMean", "rampMean", "seenOnline"]);

/** Writes the whole network as a safetensors file: one tensor per array, everything else in the metadata. */
export function exportState({ state, template, seed, encoders, stream }: NetworkModel): Uint8Array {
  const tensors = new Map<string, Tensor>();
  for (const name of ARRAY_NAMES) {
    const { type, per, width } = LAYOUT[name];
    const dtype = type === "u32" ? "U32" : "F32";
    const items = count(state, per);
    tensors.set(name, { dtype, shape: width === 1 ? [items] : [items, width], bytes: bytesOf(state, name) });
  }
  const metadata = {
    format: FORMAT,
    version: VERSION,
    seed: String(seed),
    cycle: String(readCycle(state.arrays.header)),
    template: template.text,
    ...(encoders === "" ? {} : { encoders }),
    ...(stream.isEmpty ? {} : { stream: streamText(stream) }),
  };
  return encodeSafetensors({ metadata: { ...metadata, checksum: checksum({ metadata, tensors }) }, tensors });
}

/** Restores a network from an untrusted file. Throws StateError with the reason if the file is invalid. */
export function restoreState(bytes: Uint8Array, memory?: Memory): NetworkModel {
  const file = open(bytes);
  verify(file);
  return load(file, memory);
}

/** The named inputs and outputs of a network, with the width of each. */
interface StateWidths {
  inputs: { name: string; values: number }[];
  outputs: { name: string; values: number }[];
}

/** Throws StateError with the reason if `restoreState` would refuse the file. Allocates no memory for its arrays. */
export function checkState(bytes: Uint8Array): StateWidths {
  const file = open(bytes);
  verify(file);
  const { template, content } = file;
  const view = (name: ArrayName) => viewOf(name, content.tensors.get(name)!);
  const neurons = template.outputs.map(() => 0);
  for (const owner of view("outputOwner")) neurons[owner]! += 1;
  const inputWidth = view("inputWidth");
  return {
    inputs: template.inputs.map(({ name }, index) => ({ name, values: inputWidth[index]! })),
    outputs: template.outputs.map(({ name, kind }, index) => ({
      name,
      values: neurons[index]! / NEURONS_PER_VALUE[kind],
    })),
  };
}

/**
 * Restores a network from a file that `checkState` has accepted, or that `exportState` has just written, by copying the
 * arrays. Checks only the file's structure, and throws StateError if it is invalid.
 */
export function adoptState(bytes: Uint8Array, memory?: Memory): NetworkModel {
  return load(open(bytes), memory);
}

/** A file with the tensors of a state, whose types and shapes have been checked. */
interface OpenedFile {
  content: Tensors;
  template: Template;
  /** Number of items of each `Per` in the tensors. */
  counts: Record<Per, number>;
}

function open(bytes: Uint8Array): OpenedFile {
  const content = decode(bytes);
  const { metadata, tensors } = content;
  if (metadata["format"] !== FORMAT) throw new StateError("the file does not hold a network");
  if (metadata["version"] !== VERSION)
    throw new StateError(`the file has version '${metadata["version"]}', this program reads version ${VERSION}`);
  for (const name of tensors.keys())
    if (!Object.hasOwn(LAYOUT, name)) throw new StateError("the file holds unknown tensors");
  const header = viewOf("header", tensorOf(content, "header", 1));
  const counts: Record<Per, number> = { network: 1, input: 0, block: 0, section: 0, tile: 0, row: 0, output: 0 };
  for (const per of PERS) counts[per] = header[HEADER[per]]!;
  // The file must really hold that many items before memory is allocated for them.
  for (const name of ARRAY_NAMES)
    if (tensors.has(name) || !OPTIONAL.has(name)) tensorOf(content, name, counts[LAYOUT[name].per]);
  const needed = PERS.reduce((sum, per) => sum + counts[per] * bytesPer(per), 0);
  if (needed > STATE_BYTES_MAX)
    throw new StateError(`a network may have ${STATE_BYTES_MAX} bytes, and this one has ${needed}`);
  if (counts.output > OUTPUTS_MAX)
    throw new StateError(`a network may have ${OUTPUTS_MAX} output neurons, and this one has ${counts.output}`);
  return { content, template: readTemplate(metadata["template"] ?? ""), counts };
}

const PERS = ["input", "block", "section", "tile", "row", "output"] as const;

/** Performs the checks that read every byte. */
function verify({ content, template, counts }: OpenedFile): void {
  const { metadata, tensors } = content;
  const { checksum: expected, ...others } = metadata;
  if (expected !== checksum({ metadata: others, tensors })) throw new StateError("the checksum does not match");
  const arrays: Record<string, Uint32Array | Float32Array> = {};
  for (const name of ARRAY_NAMES) {
    const tensor = tensors.get(name);
    arrays[name] = tensor ? viewOf(name, tensor) : zeros(name, counts);
  }
  const state = { arrays: arrays as Arrays, capacity: counts, memory: heap };
  // Readers of a file's seed and cycle take them from the metadata, without reading the tensors.
  if (metadata["seed"] !== String(state.arrays.header[HEADER.seed]))
    throw new StateError("the seed is not the network's");
  if (metadata["cycle"] !== String(readCycle(state.arrays.header)))
    throw new StateError("the cycle is not the network's");
  validateState(template, state);
  checkEncoders(metadata["encoders"] ?? "", template);
  const stream = parseStream(metadata["stream"] ?? "", template);
  if (stream.waiting > 0) checkWaiting(modelOf(template, state, { stream }));
}

/** Copies the tensors into newly allocated arrays. */
function load({ content, template, counts }: OpenedFile, memory?: Memory): NetworkModel {
  const state = createState(memory);
  try {
    for (const per of PERS) append(state, per, counts[per]);
    for (const [name, { bytes }] of content.tensors) copyBytes(bytes, bytesOf(state, name as ArrayName));
    const { encoders, stream = "" } = content.metadata;
    return modelOf(template, state, { encoders, stream: parseStream(stream, template) });
  } catch (error) {
    releaseState(state);
    throw error;
  }
}

function decode(bytes: Uint8Array): Tensors {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw new StateError(cause.message, { cause });
    throw cause;
  }
}

function readTemplate(text: string): Template {
  try {
    return parseTemplate(text);
  } catch (cause) {
    if (cause instanceof TemplateError)
      throw new StateError(`the template is not valid: ${cause.parserMessage}`, { cause });
    throw cause;
  }
}

/** The elements of an array that the file lacks. */
function zeros(name: ArrayName, counts: Record<Per, number>): Uint32Array | Float32Array {
  const { type, per, width } = LAYOUT[name];
  return type === "u32" ? new Uint32Array(counts[per] * width) : new Float32Array(counts[per] * width);
}

/** A view of a tensor's elements, or a copy if they are not aligned. */
function viewOf(name: ArrayName, { bytes }: Tensor): Uint32Array | Float32Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return LAYOUT[name].type === "u32"
    ? new Uint32Array(buffer, byteOffset, byteLength / 4)
    : new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** The tensor of an array. Throws StateError unless it has exactly the shape of `items` items. */
function tensorOf({ tensors }: Tensors, name: ArrayName, items: number): Tensor {
  const { type, width } = LAYOUT[name];
  const tensor = tensors.get(name);
  if (!tensor) throw new StateError(`tensor '${name}' is missing`);
  const shape = width === 1 ? `${items}` : `${items},${width}`;
  if (tensor.dtype !== type.toUpperCase() || tensor.shape.join() !== shape)
    throw new StateError(`tensor '${name}' is not ${type} [${shape}]`);
  return tensor;
}

/** SHA-256, in hexadecimal, over the metadata (without the checksum itself) and the tensors with their names. */
export function checksum({ metadata, tensors }: Tensors, bytesMax = PIECE_BYTES): string {
  const hash = createHash("sha256").update(
    JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  for (const name of [...tensors.keys()].sort((a, b) => (a < b ? -1 : 1))) {
    const tensor = tensors.get(name)!;
    hash.update(JSON.stringify([name, tensor.dtype, tensor.shape]));
    const { bytes } = tensor;
    for (let at = 0; at < bytes.byteLength; at += bytesMax) {
      hash.update(bytes.subarray(at, at + bytesMax));
      yieldPoint();
    }
  }
  return hash.digest("hex");
}
