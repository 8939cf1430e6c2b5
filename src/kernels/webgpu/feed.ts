import type { NetworkModel } from "../../network/network-model.ts";
import { Buffers } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import { expandRows, type Part, type RequestRun, type Rows } from "./run-rows.ts";
import type { Scoped } from "./kernels.ts";
import { GPUBufferUsage } from "./webgpu-flags.ts";

/** Where the kernels of a step find their samples. */
export interface Feed {
  inputs: readonly Scoped[];
  /** What the outputs should show. */
  expected: Scoped;
}

const UNIFORM = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;

/** Data is written at multiples of four bytes: parts of a table begin at multiples of so many rows. */
export const TABLE_PART_ROWS = 4;

let feeds = 0;

/**
 * Rows on the device: those of a part of a run, or the whole table of a task, of which a run then only says the order.
 * `order[cycle]` is the row with which the window of a cycle begins.
 */
export class RowFeed {
  readonly #buffers: Buffers;
  readonly #name = `feed ${++feeds}`;
  #inOrder = 0;

  constructor(gpu: Gpu) {
    this.#buffers = new Buffers(gpu);
  }

  /** Bytes on the device. */
  get bytes(): number {
    return this.#buffers.bytes;
  }

  /** Makes room for so many rows of these columns. */
  reserve(columns: Rows[], rows: number, outputs: number): void {
    for (const { index, width, rows: values } of columns)
      this.#buffers.atLeast(`data ${index}`, rows * width * values.BYTES_PER_ELEMENT);
    this.#buffers.atLeast("expected", rows * outputs * 4);
  }

  /** Copies rows behind the first `at` ones, a multiple of TABLE_PART_ROWS. There is room for them. */
  write(
    model: NetworkModel,
    { inputs, expected }: { inputs: Rows[]; expected: Rows[] },
    at: number,
    rows: number,
  ): void {
    for (const { index, width, rows: values } of inputs)
      this.#buffers.write(`data ${index}`, values.subarray(0, rows * width), at * width * values.BYTES_PER_ELEMENT);
    const wanted = expandRows(model, expected, { first: 0, cycles: rows });
    this.#buffers.write("expected", wanted, rows === 0 ? 0 : at * (wanted.byteLength / rows));
  }

  /** A part of a run, in the order in which its rows lie. Without expectations for a request. */
  stream(model: NetworkModel, run: RequestRun & { expected?: Rows[] }, { first, cycles }: Part): Feed {
    const rows = cycles + run.timeLength - 1;
    const inputs = run.inputs.map((column) => ({
      ...column,
      rows: column.rows.subarray(first * column.width, (first + rows) * column.width),
    }));
    for (const { index, rows: values } of inputs) {
      this.#buffers.atLeast(`data ${index}`, values.byteLength);
      this.#buffers.write(`data ${index}`, values);
    }
    const wanted = expandRows(model, run.expected ?? [], { first, cycles: run.expected ? cycles : 0 });
    this.#buffers.atLeast("expected", wanted.byteLength);
    this.#buffers.write("expected", wanted);
    if (this.#inOrder < cycles) {
      this.#buffers.atLeast("order", cycles * 4);
      this.#buffers.write(
        "order",
        Uint32Array.from({ length: cycles }, (_, row) => row),
      );
      this.#inOrder = cycles;
    }
    return this.#feed(model, inputs, run.timeLength);
  }

  /** Cycles of a table that was written before, in any order. `columns` tells what it holds. */
  pick(model: NetworkModel, columns: Rows[], order: Uint32Array, timeLength: number): Feed {
    this.#buffers.atLeast("order", order.byteLength);
    this.#buffers.write("order", order);
    return this.#feed(model, columns, timeLength);
  }

  destroy(): void {
    this.#buffers.destroy();
  }

  #feed({ template, state }: NetworkModel, columns: Rows[], timeLength: number): Feed {
    const { inputWidth } = state.arrays;
    // An input of which nothing is said reads no data, but its binding needs a buffer.
    const none = this.#buffers.atLeast("none", 4);
    const sources = template.inputs.map(({ hexagon, kind }, index) => {
      const column = columns.find((each) => each.index === index);
      const width = column?.width ?? 0;
      const used = Math.min(width * timeLength, inputWidth[index]!);
      const isBytes = column?.rows instanceof Uint8Array;
      const fields = [hexagon, kind === "binary" ? 1 : 0, isBytes ? 1 : 0, width, used];
      const source = this.#buffers.atLeast(`source ${index}`, 32, UNIFORM);
      this.#buffers.write(`source ${index}`, Uint32Array.from(fields));
      return { source, data: column ? this.#buffers.get(`data ${index}`) : none };
    });
    const order = this.#buffers.get("order");
    const expected = this.#buffers.get("expected");
    // Bind groups are kept under these keys: they change whenever a buffer was replaced.
    const key = `${this.#name}, version ${this.#buffers.version}`;
    return {
      inputs: sources.map((buffers, index) => ({ key: `${key}, input ${index}`, buffers: { ...buffers, order } })),
      expected: { key, buffers: { expected, order } },
    };
  }
}
