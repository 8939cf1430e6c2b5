/**
 * The safetensors format: 8 bytes length, a JSON header, then the tensors' bytes without gaps, all in little-endian.
 */
import { copyBytes } from "./copy-bytes.ts";

export interface Tensor {
  dtype: "U32" | "F32";
  shape: number[];
  bytes: Uint8Array;
}

export interface Tensors {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

/** The bytes are not a valid safetensors file, or exceed the limits of this reader. */
export class SafetensorsError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SafetensorsError";
  }
}

const LENGTH_BYTES = 8;
/** Tensor data starts at a multiple of this many bytes in the file, so that it can be memory-mapped. */
const ALIGNMENT = 256;
const HEADER_BYTES_MAX = 100_000_000;
/** Caps commas, colons and brackets in a header; a network has 600. Objects with millions of keys parse far slower. */
const HEADER_PARTS_MAX = 10_000;
const ELEMENT_BYTES = 4;

/** Encodes a file with these tensors, in the order of the map. The same content always gives the same bytes. */
export function encodeSafetensors({ metadata, tensors }: Tensors): Uint8Array {
  const entries: [string, unknown][] = [["__metadata__", metadata]];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    entries.push([name, { dtype, shape, data_offsets: [end, end + bytes.byteLength] }]);
    end += bytes.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = Math.ceil((LENGTH_BYTES + json.byteLength) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(start + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - LENGTH_BYTES), true);
  file.set(json, LENGTH_BYTES);
  file.fill(0x20, LENGTH_BYTES + json.byteLength, start);
  let at = start;
  for (const { bytes } of tensors.values()) {
    copyBytes(bytes, file.subarray(at));
    at += bytes.byteLength;
  }
  return file;
}

/** Decodes an untrusted file. The tensors' bytes are views into `file`. Throws SafetensorsError. */
export function decodeSafetensors(file: Uint8Array): Tensors {
  if (file.byteLength < LENGTH_BYTES) throw new SafetensorsError("the file is too short");
  const headerBytes = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (headerBytes > HEADER_BYTES_MAX || headerBytes > file.byteLength - LENGTH_BYTES)
    throw new SafetensorsError("the header is longer than the file");
  const header = parseHeader(file.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  const data = file.subarray(LENGTH_BYTES + headerBytes);
  const metadata: Record<string, string> = {};
  const found: { name: string; begin: number; tensor: Tensor }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") {
      for (const [key, text] of Object.entries(asObject(value, "the metadata"))) {
        if (typeof text !== "string") throw new SafetensorsError(`metadata '${key}' is not a string`);
        metadata[key] = text;
      }
    } else found.push({ name, ...readTensor(name, value, data) });
  }
  found.sort((a, b) => a.begin - b.begin);
  let end = 0;
  for (const { name, begin, tensor } of found) {
    if (begin !== end) throw new SafetensorsError(`tensor '${name}' leaves a gap or overlaps another`);
    end += tensor.bytes.byteLength;
  }
  if (end !== data.byteLength) throw new SafetensorsError("the tensors do not fill the file");
  return { metadata, tensors: new Map(found.map(({ name, tensor }) => [name, tensor])) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  if (hasManyParts(bytes)) throw new SafetensorsError("the header has too many entries");
  try {
    return asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), "the header");
  } catch (cause) {
    if (cause instanceof SafetensorsError) throw cause;
    throw new SafetensorsError("the header is not JSON", { cause });
  }
}

const [QUOTE, BACKSLASH, COMMA, COLON, BRACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b];

function hasManyParts(json: Uint8Array): boolean {
  let parts = 0;
  let isText = false;
  for (let i = 0; i < json.length && parts <= HEADER_PARTS_MAX; i++) {
    const byte = json[i]!;
    if (byte === QUOTE) isText = !isText;
    else if (isText) i += byte === BACKSLASH ? 1 : 0;
    // Setting bit 5 turns [ into {.
    else if (byte === COMMA || byte === COLON || (byte | 0x20) === BRACE) parts += 1;
  }
  return parts > HEADER_PARTS_MAX;
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new SafetensorsError(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function readTensor(name: string, value: unknown, data: Uint8Array): { begin: number; tensor: Tensor } {
  const { dtype, shape, data_offsets: offsets } = asObject(value, `tensor '${name}'`);
  if (dtype !== "U32" && dtype !== "F32") throw new SafetensorsError(`tensor '${name}' has an unknown type`);
  if (!isCounts(shape)) throw new SafetensorsError(`tensor '${name}' has no valid shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw new SafetensorsError(`tensor '${name}' has no valid offsets`);
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, ELEMENT_BYTES);
  if (begin > end || end > data.byteLength || end - begin !== bytes)
    throw new SafetensorsError(`tensor '${name}' has offsets that do not fit its shape or the file`);
  return { begin, tensor: { dtype, shape, bytes: data.subarray(begin, end) } };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
