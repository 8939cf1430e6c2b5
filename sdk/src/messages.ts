// Generated from proto/hanami.proto by scripts/generate-messages.mjs; after edits: `npm run build`.
import protobuf from "protobufjs/minimal.js";

/** Sizes and positions stay below 2^53. */
function toNumber(value: unknown): number {
  return typeof value === "number" ? value : (value as { toNumber(): number }).toNumber();
}

/** Reads little-endian floats at any offset of a buffer. */
function packedFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(new Uint8Array(bytes).buffer, 0, bytes.byteLength >> 2);
}

/** Joins pieces, because a sender may split a list of values. */
function joinFloats(first: Float32Array, second: Float32Array): Float32Array {
  if (first.length === 0) return second;
  const joined = new Float32Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

export const ClusterProcessType = { REQUEST_TYPE: 0, TRAIN_TYPE: 1 } as const;
export type ClusterProcessType = (typeof ClusterProcessType)[keyof typeof ClusterProcessType];

export const TargetBufferType = { INPUT_BUFFER_TYPE: 0, OUTPUT_BUFFER_TYPE: 1, EXPECTED_BUFFER_TYPE: 2 } as const;
export type TargetBufferType = (typeof TargetBufferType)[keyof typeof TargetBufferType];

export interface FileUploadMessage {
  position: number;
  data: Uint8Array;
}

export function encodeFileUploadMessage(message: FileUploadMessage): Uint8Array<ArrayBuffer> {
  const writer = protobuf.Writer.create();
  if (message.position !== 0) writer.uint32(8).uint64(message.position);
  if (message.data.length > 0) writer.uint32(18).bytes(message.data);
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

/** Throws when the bytes are no such message. */
export function decodeFileUploadMessage(bytes: Uint8Array): FileUploadMessage {
  const reader = protobuf.Reader.create(bytes);
  const message: FileUploadMessage = { position: 0, data: new Uint8Array() };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        message.position = toNumber(reader.uint64());
        break;
      case 18:
        message.data = reader.bytes();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return message;
}

export interface FileUploadResponseMessage {
  success: boolean;
  errorMessage: string;
}

export function encodeFileUploadResponseMessage(message: FileUploadResponseMessage): Uint8Array<ArrayBuffer> {
  const writer = protobuf.Writer.create();
  if (message.success) writer.uint32(8).bool(message.success);
  if (message.errorMessage !== "") writer.uint32(18).string(message.errorMessage);
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

/** Throws when the bytes are no such message. */
export function decodeFileUploadResponseMessage(bytes: Uint8Array): FileUploadResponseMessage {
  const reader = protobuf.Reader.create(bytes);
  const message: FileUploadResponseMessage = { success: false, errorMessage: "" };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case 8:
        message.success = reader.bool();
        break;
      case 18:
        message.errorMessage = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return message;
}

export interface ClusterIOMessage {
  bufferName: string;
  isLast: boolean;
  processType: ClusterProcessType;
  targetBufferType: TargetBufferType;
  numberOfValues: number;
  values: Float32Array;
  errorMessage: string;
}

export function encodeClusterIOMessage(message: ClusterIOMessage): Uint8Array<ArrayBuffer> {
  const writer = protobuf.Writer.create();
  if (message.bufferName !== "") writer.uint32(10).string(message.bufferName);
  if (message.isLast) writer.uint32(16).bool(message.isLast);
  if (message.processType !== 0) writer.uint32(24).int32(message.processType);
  if (message.targetBufferType !== 0) writer.uint32(32).int32(message.targetBufferType);
  if (message.numberOfValues !== 0) writer.uint32(40).uint64(message.numberOfValues);
  if (message.values.length > 0) writer.uint32(50).bytes(new Uint8Array(message.values.buffer, message.values.byteOffset, message.values.byteLength));
  if (message.errorMessage !== "") writer.uint32(58).string(message.errorMessage);
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

/** Throws when the bytes are no such message. */
export function decodeClusterIOMessage(bytes: Uint8Array): ClusterIOMessage {
  const reader = protobuf.Reader.create(bytes);
  const message: ClusterIOMessage = { bufferName: "", isLast: false, processType: 0, targetBufferType: 0, numberOfValues: 0, values: new Float32Array(), errorMessage: "" };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
      case 10:
        message.bufferName = reader.string();
        break;
      case 16:
        message.isLast = reader.bool();
        break;
      case 24:
        message.processType = reader.int32() as ClusterProcessType;
        break;
      case 32:
        message.targetBufferType = reader.int32() as TargetBufferType;
        break;
      case 40:
        message.numberOfValues = toNumber(reader.uint64());
        break;
      case 50:
        message.values = joinFloats(message.values, packedFloats(reader.bytes()));
        break;
      case 53:
        message.values = joinFloats(message.values, Float32Array.of(reader.float()));
        break;
      case 58:
        message.errorMessage = reader.string();
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return message;
}
