/**
 * The framing of Arrow's IPC formats, because the library handles only whole files in memory: a stream is a sequence of
 * messages (continuation mark, metadata length, metadata, body); a file is a magic, such a stream, and a footer with
 * the positions of the messages. Metadata and footer are FlatBuffers, little endian.
 */

/** Position and size of a message in a file. */
export interface ArrowBlock {
  position: number;
  /** Includes mark, length and padding. */
  metadataBytes: number;
  bodyBytes: number;
}

export const CONTINUATION = -1;

/** Fields of a Message, in the order of its schema. */
const HEADER = 2;
const BODY_LENGTH = 3;

/** Absolute position of a field of a FlatBuffers table; undefined when the field has its default. */
export function fieldAt(view: DataView, table: number, field: number): number | undefined {
  const vtable = table - view.getInt32(table, true);
  const slot = 4 + 2 * field;
  const size = view.getInt16(vtable, true);
  const offset = slot < size ? view.getInt16(vtable + slot, true) : 0;
  if (size < 0 || offset < 0) throw new RangeError("a table lies before itself");
  return offset === 0 ? undefined : table + offset;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Size of a message's body, read from its metadata. */
function bodyBytesOf(metadata: Uint8Array): number {
  const view = viewOf(metadata);
  const at = fieldAt(view, view.getUint32(0, true), BODY_LENGTH);
  return at === undefined ? 0 : Number(view.getBigInt64(at, true));
}

/** Splits a valid stream in memory into its messages, each with its framing. */
export function readMessages(stream: Uint8Array): Uint8Array[] {
  const view = viewOf(stream);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < stream.length;) {
    const metadataBytes = view.getInt32(at + 4, true);
    if (metadataBytes === 0) break;
    const bodyStart = at + 8 + metadataBytes;
    const end = bodyStart + bodyBytesOf(stream.subarray(at + 8, bodyStart));
    messages.push(stream.subarray(at, end));
    at = end;
  }
  return messages;
}

const FOOTER_VERSION_5 = 4;
const BLOCK_BYTES = 24;

/**
 * Encodes the footer of a file: version, schema and positions of the record batches. The FlatBuffer of the schema
 * message is copied as it is, because its offsets are relative.
 */
export function arrowFooter(schemaMessage: Uint8Array, blocks: readonly ArrowBlock[]): Buffer {
  const metadata = schemaMessage.subarray(8);
  const metadataView = viewOf(metadata);
  const headerAt = fieldAt(metadataView, metadataView.getUint32(0, true), HEADER) as number;
  const schema = headerAt + metadataView.getUint32(headerAt, true);

  // root offset 0…3 · vtable 4…15 · table 16…31 · vector of blocks 36… (its structs are aligned to 8) · schema
  const [vtable, table, vector] = [4, 16, 36];
  const schemaStart = vector + 4 + blocks.length * BLOCK_BYTES;
  const footer = Buffer.alloc(schemaStart + metadata.length);
  footer.writeUInt32LE(table, 0);
  // Sizes of vtable and table, then offsets of: version, schema, dictionaries (none), record batches.
  for (const [index, value] of [12, 16, 12, 4, 0, 8].entries()) footer.writeUInt16LE(value, vtable + 2 * index);
  footer.writeInt32LE(table - vtable, table);
  footer.writeUInt32LE(schemaStart + schema - (table + 4), table + 4);
  footer.writeUInt32LE(vector - (table + 8), table + 8);
  footer.writeInt16LE(FOOTER_VERSION_5, table + 12);
  footer.writeUInt32LE(blocks.length, vector);
  for (const [index, { position, metadataBytes, bodyBytes }] of blocks.entries()) {
    const at = vector + 4 + index * BLOCK_BYTES;
    footer.writeBigInt64LE(BigInt(position), at);
    footer.writeInt32LE(metadataBytes, at + 8);
    footer.writeBigInt64LE(BigInt(bodyBytes), at + 16);
  }
  footer.set(metadata, schemaStart);
  return footer;
}
