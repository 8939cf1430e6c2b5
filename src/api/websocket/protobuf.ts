/**
 * The messages of the two websocket targets, from `proto/hanami.proto`. Decoders answer undefined for bytes that are
 * no such message; encoders leave out fields that have their default, as proto3 does.
 */
import { readFileSync } from "node:fs";
import protobuf from "protobufjs";
import { paths } from "../../paths.ts";

/** A piece of a file. `data` may be a view of the decoded bytes. */
export interface FileUploadMessage {
  /** Beyond 2^53 it is rounded: larger than any file anyway. */
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
  /** What the message says, whatever `values` holds. */
  numberOfValues: number;
  values: Float32Array;
}

/** What the server sends; `numberOfValues` is that of `values`. */
export interface ClusterIOAnswer extends Partial<Omit<ClusterIOMessage, "numberOfValues">> {
  values: Float32Array;
  /** Why a message was refused. */
  errorMessage?: string;
}

const { root } = protobuf.parse(readFileSync(paths.proto, "utf8"), { keepCase: true });
const fileUpload = root.lookupType("hanami.FileUpload_Message");
const fileUploadResponse = root.lookupType("hanami.FileUploadResponse_Message");
const clusterIO = root.lookupType("hanami.ClusterIO_Message");
const valuesId = clusterIO.fields["values"]!.id;
const clusterIOBytes = bytesTwin(clusterIO, "values");

/**
 * The same message with its packed floats as bytes: on the wire both look the same, but a million floats decode in a
 * third of the time and encode in a twentieth.
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

/** Decoding more would keep everybody else waiting; no client of ours sends more than six. */
const FIELDS_MAX = 65_536;
const TEXT_BYTES_MAX = 65_536;

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Where the fields of a type are on the wire. Of repeated numbers, a packed piece is possible, too. */
function isOnWire({ type, repeated }: protobuf.Field, wireType: number): boolean {
  if (repeated && wireType === LENGTH_DELIMITED) return true;
  return wireType === ((protobuf.types.basic as Record<string, number>)[type] ?? VARINT);
}

/**
 * How often each field is there, by its number. Throws when one is not what the type says: the decoder would read on
 * somewhere in the middle of it. Throws as well when there are too many, or a text is too long.
 */
function countFields(type: protobuf.Type, bytes: Uint8Array): Map<number, number> {
  const counts = new Map<number, number>();
  const reader = protobuf.Reader.create(bytes);
  for (let count = 0; reader.pos < reader.len; count++) {
    if (count === FIELDS_MAX) throw new RangeError(`more than ${FIELDS_MAX} fields`);
    const tag = reader.uint32();
    const [id, wireType] = [tag >>> 3, tag & 7];
    const field = type.fieldsById[id];
    if (id === 0 || (field !== undefined && !isOnWire(field, wireType))) throw new RangeError(`field ${id}`);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (field?.type === "string") skipText(reader);
    else if (field?.repeated === true && wireType === LENGTH_DELIMITED) skipPacked(reader);
    else reader.skipType(wireType);
  }
  return counts;
}

function skipText(reader: protobuf.Reader): void {
  const bytes = reader.uint32();
  if (bytes > TEXT_BYTES_MAX) throw new RangeError(`a text of ${bytes} bytes`);
  if (bytes > 0) reader.skip(bytes);
}

/** Only floats are repeated. */
function skipPacked(reader: protobuf.Reader): void {
  const bytes = reader.uint32();
  if (bytes % 4 !== 0) throw new RangeError(`${bytes} bytes are no floats`);
  // Of nothing, `skip` would take a number of another kind.
  if (bytes > 0) reader.skip(bytes);
}

function tryDecode<T>(type: protobuf.Type, bytes: Uint8Array): T | undefined {
  try {
    countFields(type, bytes);
    return type.decode(bytes) as unknown as T;
  } catch {
    return undefined;
  }
}

/** Protobufjs writes every property that is there. */
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
  const twin = isInOnePiece(bytes)
    ? tryDecode<Omit<ClusterIOMessage, "values"> & { values: Uint8Array }>(clusterIOBytes, bytes)
    : undefined;
  if (twin !== undefined && twin.values.length % 4 === 0) return plainMessage(twin, floatsOf(twin.values));
  // Floats that are not packed, or packed in several pieces.
  const message = tryDecode<Omit<ClusterIOMessage, "values"> & { values: number[] }>(clusterIO, bytes);
  return message && plainMessage(message, Float32Array.from(message.values));
}

function isInOnePiece(bytes: Uint8Array): boolean {
  try {
    return (countFields(clusterIO, bytes).get(valuesId) ?? 0) <= 1;
  } catch {
    return false;
  }
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
  // A view needs an address divisible by 4; where the values start depends on the length of the name.
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, bytes.length / 4);
}

export function encodeClusterIO({ values, ...fields }: ClusterIOAnswer): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return encode(clusterIOBytes, { ...fields, numberOfValues: values.length, values: bytes });
}
