// Generates the SDK's encoders and decoders from proto/hanami.proto: plain functions on protobufjs's smallest runtime.
// Reflection would add 60 kB to the SDK, and it evaluates text as code, which strict web pages forbid.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./install.mjs";
import { renew } from "./renew.mjs";

/** For each field type: its TypeScript type, when it must be written, and how it is read and written. */
const scalars = {
  bool: { type: "boolean", initial: "false", isSet: (v) => v, read: "reader.bool()", write: "bool", wire: 0 },
  string: {
    type: "string",
    initial: '""',
    isSet: (v) => `${v} !== ""`,
    read: "reader.string()",
    write: "string",
    wire: 2,
  },
  bytes: {
    type: "Uint8Array",
    initial: "new Uint8Array()",
    isSet: (v) => `${v}.length > 0`,
    read: "reader.bytes()",
    write: "bytes",
    wire: 2,
  },
  uint64: {
    type: "number",
    initial: "0",
    isSet: (v) => `${v} !== 0`,
    read: "toNumber(reader.uint64())",
    write: "uint64",
    wire: 0,
  },
  enum: { type: "number", initial: "0", isSet: (v) => `${v} !== 0`, read: "reader.int32()", write: "int32", wire: 0 },
  floats: { type: "Float32Array", initial: "new Float32Array()", isSet: (v) => `${v}.length > 0`, wire: 2 },
};

function describe(field, isEnum) {
  if (field.repeated && field.type === "float") return { field, ...scalars.floats, isFloats: true };
  const scalar = isEnum(field.type) ? { ...scalars.enum, type: field.type } : scalars[field.type];
  if (field.repeated || field.map || scalar === undefined) {
    throw new Error(`${field.fullName}: the generator does not know this type yet`);
  }
  const read = isEnum(field.type) ? `${scalar.read} as ${field.type}` : scalar.read;
  return { field, ...scalar, read };
}

function messageSource(message, isEnum) {
  const name = message.name.replace("_", "");
  const fields = message.fieldsArray.map((field) => describe(field, isEnum));
  const declared = fields.map(({ field, type }) => `  ${field.name}: ${type};`);
  const written = fields.map(({ field, wire, isSet, write, isFloats }) => {
    const value = `message.${field.name}`;
    const bytes = `new Uint8Array(${value}.buffer, ${value}.byteOffset, ${value}.byteLength)`;
    const call = isFloats ? `bytes(${bytes})` : `${write}(${value})`;
    return `  if (${isSet(value)}) writer.uint32(${(field.id << 3) | wire}).${call};`;
  });
  const initial = fields.map(({ field, initial: value }) => `${field.name}: ${value}`).join(", ");
  const read = fields.map(({ field, read: value, wire, isFloats }) =>
    isFloats
      ? `      case ${(field.id << 3) | 2}:
        message.${field.name} = joinFloats(message.${field.name}, packedFloats(reader.bytes()));
        break;
      case ${(field.id << 3) | 5}:
        message.${field.name} = joinFloats(message.${field.name}, Float32Array.of(reader.float()));
        break;`
      : `      case ${(field.id << 3) | wire}:
        message.${field.name} = ${value};
        break;`,
  );
  return `export interface ${name} {
${declared.join("\n")}
}

export function encode${name}(message: ${name}): Uint8Array<ArrayBuffer> {
  const writer = protobuf.Writer.create();
${written.join("\n")}
  return writer.finish() as Uint8Array<ArrayBuffer>;
}

/** Throws when the bytes are no such message. */
export function decode${name}(bytes: Uint8Array): ${name} {
  const reader = protobuf.Reader.create(bytes);
  const message: ${name} = { ${initial} };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    switch (tag) {
${read.join("\n")}
      default:
        reader.skipType(tag & 7);
    }
  }
  return message;
}`;
}

function enumSource({ name, values }) {
  const members = Object.entries(values).map(([key, value]) => `${key}: ${value}`);
  return `export const ${name} = { ${members.join(", ")} } as const;
export type ${name} = (typeof ${name})[keyof typeof ${name}];`;
}

const header = `// Generated from proto/hanami.proto by scripts/generate-messages.mjs; after edits: \`npm run build\`.
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
`;

/** The source text of the module. */
export async function messagesSource() {
  const { default: protobuf } = await import("protobufjs");
  const { hanami } = protobuf.loadSync(join(root, "proto/hanami.proto")).resolveAll().nested;
  const enums = hanami.nestedArray.filter((item) => item instanceof protobuf.Enum);
  const messages = hanami.nestedArray.filter((item) => item instanceof protobuf.Type);
  const isEnum = (type) => enums.some(({ name }) => name === type);
  const parts = [...enums.map(enumSource), ...messages.map((message) => messageSource(message, isEnum))];
  return `${header}\n${parts.join("\n\n")}\n`;
}

/** Brings the module up to date. */
export const generateMessages = async () => renew(join(root, "sdk/src/messages.ts"), await messagesSource());

if (process.argv[1] === fileURLToPath(import.meta.url)) await generateMessages();
