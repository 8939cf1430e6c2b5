import { fieldAt, HEADER, RECORD_BATCH, SCHEMA } from "../arrow-messages.ts";

/** Fields of the tables that hold vectors, from Arrow's Schema.fbs and Message.fbs. */
const schemaField = { fields: 1, metadata: 2 } as const;
const fieldField = { name: 0, typeId: 2, type: 3, children: 5, metadata: 6 } as const;
const unionField = { typeIds: 1 } as const;
const batchField = { nodes: 1, buffers: 2, variadicCounts: 4 } as const;
const UNION = 14;

/**
 * Throws RangeError unless the lists and texts of a schema or record batch lie inside of its metadata, which is a
 * FlatBuffer, and form a tree in which at most a few texts are shared. The library believes both: a few changed bytes
 * keep it busy for hours.
 */
export function checkArrowMetadata(metadata: Uint8Array, kind: number): void {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const header = fieldAt(view, target(view, 0), HEADER);
  if (header === undefined) return;
  const check = new Check(view);
  if (kind === SCHEMA) check.schema(target(view, header));
  if (kind === RECORD_BATCH) check.recordBatch(target(view, header));
}

/** Where the offset at a position leads to. */
const target = (view: DataView, position: number) => position + view.getInt32(position, true);

class Check {
  readonly #view: DataView;
  /** How many more bytes of lists and texts there may be. */
  #left: number;

  constructor(view: DataView) {
    this.#view = view;
    this.#left = 4 * view.byteLength;
  }

  schema(table: number): void {
    for (const field of this.#tables(table, schemaField.fields)) this.#field(field);
    this.#metadata(table, schemaField.metadata);
  }

  recordBatch(table: number): void {
    this.#vector(table, batchField.nodes, 16);
    this.#vector(table, batchField.buffers, 16);
    this.#vector(table, batchField.variadicCounts, 8);
  }

  #field(table: number): void {
    this.#vector(table, fieldField.name, 1);
    this.#metadata(table, fieldField.metadata);
    for (const child of this.#tables(table, fieldField.children)) this.#field(child);
    const typeId = fieldAt(this.#view, table, fieldField.typeId);
    const type = fieldAt(this.#view, table, fieldField.type);
    if (typeId === undefined || type === undefined || this.#view.getUint8(typeId) !== UNION) return;
    this.#vector(target(this.#view, type), unionField.typeIds, 4);
  }

  /** Pairs of texts. */
  #metadata(table: number, field: number): void {
    for (const pair of this.#tables(table, field)) {
      this.#vector(pair, 0, 1);
      this.#vector(pair, 1, 1);
    }
  }

  /** The tables of a vector of offsets. */
  *#tables(table: number, field: number): Generator<number> {
    const vector = this.#vector(table, field, 4);
    for (let index = 0; index < vector.length; index++) yield target(this.#view, vector.start + 4 * index);
  }

  #vector(table: number, field: number, elementBytes: number): { start: number; length: number } {
    const at = fieldAt(this.#view, table, field);
    if (at === undefined) return { start: 0, length: 0 };
    const position = target(this.#view, at);
    const length = this.#view.getInt32(position, true);
    const start = position + 4;
    const bytes = 4 + length * elementBytes;
    this.#left -= bytes;
    if (length < 0 || position + bytes > this.#view.byteLength || this.#left < 0) {
      throw new RangeError("a list is longer than its metadata");
    }
    return { start, length };
  }
}
