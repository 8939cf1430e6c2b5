import { createHash } from "node:crypto";
import { describe, type Cluster } from "./cluster.ts";
import { ARRAY_NAMES, HEADER, LAYOUT } from "./layout.ts";
import { decodeSafetensors, encodeSafetensors, SafetensorsError, type Tensor, type Tensors } from "./safetensors.ts";
import { StateError } from "./state-error.ts";
import { append, bytesOf, count, createState, releaseState, type Memory, type State } from "./state.ts";
import { parseTemplate, TemplateError, type Template } from "./template/parse-template.ts";
import { validateState } from "./validate-state.ts";

/** Node hashes less than 2 GiB at a time. */
const HASHED_BYTES_MAX = 2 ** 30;

const FORMAT = "hanami-network";
const VERSION = "1";

/** The whole network as a safetensors file: one tensor per array, everything else in the metadata. */
export function exportState({ state, template, seed }: Cluster): Uint8Array {
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
  };
  return encodeSafetensors({ metadata: { ...metadata, checksum: checksum({ metadata, tensors }) }, tensors });
}

/** The cluster that `exportState` wrote. Trusts nothing: throws `StateError` with the reason for a file that is not right. */
export function restoreState(bytes: Uint8Array, memory?: Memory): Cluster {
  const file = decode(bytes);
  const { checksum: expected, ...metadata } = file.metadata;
  if (metadata["format"] !== FORMAT) throw new StateError("the file does not hold a network");
  if (metadata["version"] !== VERSION)
    throw new StateError(`the file has version '${metadata["version"]}', this program reads version ${VERSION}`);
  if (expected !== checksum({ metadata, tensors: file.tensors })) throw new StateError("the checksum does not match");

  const template = readTemplate(metadata["template"] ?? "");
  const state = createState(memory);
  try {
    return fill(file, template, state);
  } catch (error) {
    releaseState(state);
    throw error;
  }
}

/** Copies the file into the arrays and checks what it holds. */
function fill(file: Tensors, template: Template, state: State): Cluster {
  const header = tensorOf(file, "header", 1);
  new Uint8Array(state.arrays.header.buffer, state.arrays.header.byteOffset).set(header.bytes);
  const counts = state.arrays.header.slice();
  const sorts = ["input", "block", "section", "tile", "row", "output"] as const;
  for (const per of sorts) state.arrays.header[HEADER[per]] = 0;
  for (const per of sorts) {
    const items = counts[HEADER[per]]!;
    // Before any memory is taken for them, the file must really hold that many.
    for (const name of ARRAY_NAMES) if (LAYOUT[name].per === per) tensorOf(file, name, items);
    append(state, per, items);
  }
  for (const name of ARRAY_NAMES) bytesOf(state, name).set(tensorOf(file, name, count(state, LAYOUT[name].per)).bytes);
  if (file.tensors.size !== ARRAY_NAMES.length) throw new StateError("the file holds unknown tensors");
  validateState(template, state);
  return describe(template, state);
}

/** Trained samples. */
export function readCycle(header: Uint32Array): number {
  return header[HEADER.cycleHigh]! * 2 ** 32 + header[HEADER.cycleLow]!;
}

/** Sets the number of trained samples. */
export function writeCycle(header: Uint32Array, cycle: number): void {
  header[HEADER.cycleHigh] = Math.floor(cycle / 2 ** 32);
  header[HEADER.cycleLow] = cycle % 2 ** 32;
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

/** The tensor of an array, which must have exactly the shape that `items` things need. */
function tensorOf({ tensors }: Tensors, name: (typeof ARRAY_NAMES)[number], items: number): Tensor {
  const { type, width } = LAYOUT[name];
  const tensor = tensors.get(name);
  if (!tensor) throw new StateError(`tensor '${name}' is missing`);
  const shape = width === 1 ? `${items}` : `${items},${width}`;
  if (tensor.dtype !== type.toUpperCase() || tensor.shape.join() !== shape)
    throw new StateError(`tensor '${name}' is not ${type} [${shape}]`);
  return tensor;
}

/** SHA-256 over metadata (without the checksum itself) and tensors, names included; hexadecimal. */
export function checksum({ metadata, tensors }: Tensors, bytesMax = HASHED_BYTES_MAX): string {
  const hash = createHash("sha256").update(
    JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  for (const name of [...tensors.keys()].sort((a, b) => (a < b ? -1 : 1))) {
    const tensor = tensors.get(name)!;
    hash.update(JSON.stringify([name, tensor.dtype, tensor.shape]));
    const { bytes } = tensor;
    for (let at = 0; at < bytes.byteLength; at += bytesMax) hash.update(bytes.subarray(at, at + bytesMax));
  }
  return hash.digest("hex");
}
