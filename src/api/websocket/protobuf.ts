/**
 * The messages of the two websocket targets, from `proto/hanami.proto`. Decoders return undefined for invalid bytes;
 * encoders omit fields with default values, as proto3 does.
 */
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";
import { paths } from "../../files/paths.ts";

/** A piece of a file. `data` may be a view of the decoded bytes. */
export interface FileUploadMessage {
  /** Rounded above 2^53, which no file reaches. */
  position: number;
  data: Uint8Array;
}

export interface FileUploadResponse {
  success: boolean;
  errorMessage: string;
}

export const clusterProcessType = { request: 0, train: 1 } as const;
export const targetBufferType = { input: 0, output: 1, expected: 2 } as const;

/** The enums are plain numbers, because a client may send any. `values` may be a view of the decoded bytes. */
export interface ClusterIOMessage {
  bufferName: string;
  isLast: boolean;
  processType: number;
  targetBufferType: number;
  /** The number that the message claims; `values` may hold another number. */
  numberOfValues: number;
  values: Float32Array;
}

/** An answer of the server; `numberOfValues` is the length of `values`. */
export interface ClusterIOAnswer extends Partial<Omit<ClusterIOMessage, "numberOfValues">> {
  values: Float32Array;
  /** Why a message was refused. */
  errorMessage?: string;
}

const { root } = protobuf.parse(readFileSync(paths.proto, "utf8"), { keepCase: true });
const fileUpload = root.lookupType("hanami.FileUpload_Message");
const fileUploadResponse = root.lookupType("hanami.FileUploadResponse_Message");
const clusterIO = root.lookupType("hanami.ClusterIO_Message");
const clusterIOBytes = bytesTwin(clusterIO, "values");

/**
 * The same message type with its packed floats declared as bytes: both have the same encoding, but a million floats are
 * encoded in a twentieth of the time.
 */
function bytesTwin(type: protobuf.Type, field: string): protobuf.Type {
  const twin = new protobuf.Type(`${type.name}_Bytes`);
  for (const { name, id, type: fieldType } of type.fieldsArray) {
    twin.add(new protobuf.Field(name, id, name === field ? "bytes" : fieldType));
  }
  type.parent?.add(twin);
  return twin;
}

const toNumber = (value: number | { toNumber(): number }) => (typeof value === "number" ? value : value.toNumber());

/** Decoding more fields would block other clients; our clients send at most six. */
const FIELDS_MAX = 65_536;
const TEXT_BYTES_MAX = 65_536;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
const PACKED_VALUES = (clusterIO.fields["values"]!.id << 3) | LENGTH_DELIMITED;
/** One-byte tag of an unpacked value; tag and value take five bytes. */
const ONE_VALUE = (clusterIO.fields["values"]!.id << 3) | FIXED_32;
const VALUE_FIELD_BYTES = 5;

/** Whether a field's type has this wire type. */
function isOnWire({ type }: protobuf.Field, wireType: number): boolean {
  return wireType === ((protobuf.types.basic as Record<string, number>)[type] ?? VARINT);
}

/**
 * Throws when the wire type of a field does not match the message type: the decoder would continue in the middle of the
 * field. Also throws when there are too many fields, or a text is too long.
 */
function checkFields(type: protobuf.Type, bytes: Uint8Array): void {
  const reader = protobuf.Reader.create(bytes);
  for (let count = 0; reader.pos < reader.len; count++) {
    if (count === FIELDS_MAX) throw new RangeError(`more than ${FIELDS_MAX} fields`);
    const tag = reader.uint32();
    const [id, wireType] = [tag >>> 3, tag & 7];
    const field = type.fieldsById[id];
    if (id === 0 || (field !== undefined && !isOnWire(field, wireType))) throw new RangeError(`field ${id}`);
    if (field?.type === "string") skipText(reader);
    else reader.skipType(wireType);
  }
}

function skipText(reader: protobuf.Reader): void {
  const bytes = reader.uint32();
  if (bytes > TEXT_BYTES_MAX) throw new RangeError(`a text of ${bytes} bytes`);
  if (bytes > 0) reader.skip(bytes);
}

/** Skips packed floats and returns their size in bytes; they end at the reader's new position. */
function skipPacked(reader: protobuf.Reader): number {
  const bytes = reader.uint32();
  if (bytes % 4 !== 0) throw new RangeError(`${bytes} bytes are no floats`);
  // `skip(0)` means something else: it skips a varint.
  if (bytes > 0) reader.skip(bytes);
  return bytes;
}

function tryDecode<T>(type: protobuf.Type, bytes: Uint8Array): T | undefined {
  try {
    checkFields(type, bytes);
    return type.decode(bytes) as unknown as T;
  } catch {
    return undefined;
  }
}

/** Omits default values, because protobufjs writes every property that is present. */
function encode(type: protobuf.Type, fields: Record<string, unknown>): Uint8Array {
  const isDefault = (value: unknown) =>
    value === 0 || value === false || value === "" || (value instanceof Uint8Array && value.length === 0);
  return type.encode(Object.fromEntries(Object.entries(fields).filter(([, value]) => !isDefault(value)))).finish();
}

export function decodeFileUpload(bytes: Uint8Array): FileUploadMessage | undefined {
  const message = tryDecode<{ position: number; data: Uint8Array }>(fileUpload, bytes);
  return message && { position: toNumber(message.position), data: message.data };
}

export function encodeFileUpload(message: FileUploadMessage): Uint8Array {
  return encode(fileUpload, { ...message });
}

export function decodeFileUploadResponse(bytes: Uint8Array): FileUploadResponse | undefined {
  const message = tryDecode<FileUploadResponse>(fileUploadResponse, bytes);
  return message && { success: message.success, errorMessage: message.errorMessage };
}

export function encodeFileUploadResponse(message: FileUploadResponse): Uint8Array {
  return encode(fileUploadResponse, { ...message });
}

export function decodeClusterIO(bytes: Uint8Array): ClusterIOMessage | undefined {
  try {
    const { values, rest } = splitValues(bytes);
    const message = tryDecode<Omit<ClusterIOMessage, "values">>(clusterIO, rest);
    return message && plainMessage(message, values);
  } catch {
    return undefined;
  }
}

/**
 * Splits a message into its values and the rest. The decoder would read a million unpacked values one by one; here a
 * run of them counts as one field. Throws like `checkFields`.
 */
function splitValues(bytes: Uint8Array): { values: Float32Array; rest: Uint8Array } {
  const values: Float32Array[] = [];
  const rest: Uint8Array[] = [];
  const reader = protobuf.Reader.create(bytes);
  for (let count = 0; reader.pos < reader.len; count++) {
    if (count === FIELDS_MAX) throw new RangeError(`more than ${FIELDS_MAX} fields`);
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag === PACKED_VALUES) {
      const packedBytes = skipPacked(reader);
      values.push(floatsOf(bytes.subarray(reader.pos - packedBytes, reader.pos)));
    } else if (tag === ONE_VALUE && reader.pos === start + 1) {
      const run = runOfValues(bytes, start);
      values.push(run);
      reader.skip(run.length * VALUE_FIELD_BYTES - 1);
    } else {
      reader.skipType(tag & 7);
      rest.push(bytes.subarray(start, reader.pos));
    }
  }
  return { values: values.length === 1 ? values[0]! : joined(values), rest: Buffer.concat(rest) };
}

/** The consecutive unpacked values from byte `start` on. */
function runOfValues(bytes: Uint8Array, start: number): Float32Array {
  let count = 0;
  while (bytes[start + count * VALUE_FIELD_BYTES] === ONE_VALUE) count++;
  if (start + count * VALUE_FIELD_BYTES > bytes.length) throw new RangeError("the last value is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const values = new Float32Array(count);
  for (let i = 0, at = start + 1; i < count; i++, at += VALUE_FIELD_BYTES) values[i] = view.getFloat32(at, true);
  return values;
}

function joined(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function plainMessage(message: Omit<ClusterIOMessage, "values">, values: Float32Array): ClusterIOMessage {
  return {
    bufferName: message.bufferName,
    isLast: message.isLast,
    processType: message.processType,
    targetBufferType: message.targetBufferType,
    numberOfValues: toNumber(message.numberOfValues),
    values,
  };
}

function floatsOf(bytes: Uint8Array): Float32Array {
  // A view needs an offset divisible by 4; the offset of the values depends on the length of the name.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, bytes.length / 4);
}

export function encodeClusterIO({ values, ...fields }: ClusterIOAnswer): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return encode(clusterIOBytes, { ...fields, numberOfValues: values.length, values: bytes });
}
