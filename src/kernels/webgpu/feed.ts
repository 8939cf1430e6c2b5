import type { NetworkModel } from "../../network/network-model.ts";
import { expandRows, type Marks } from "../../network/output-rows.ts";
import type { RequestRun, Rows, RunRows, TrainRun } from "../../network/run.ts";
import { Buffers } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import { EXCLUDED, NO_OPINION } from "./codes.ts";
import type { Scoped } from "./kernels.ts";
import { GPUBufferUsage } from "./webgpu-flags.ts";

/** The buffers from which the kernels of a step read their samples. */
export interface Feed {
  inputs: readonly Scoped[];
  /** The expected values of the outputs. */
  expected: Scoped;
}

const UNIFORM = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;

const MARKS: Marks = { noOpinion: NO_OPINION, excluded: EXCLUDED };

let feeds = 0;

/**
 * Rows on the device: those of a part of a run, or the whole table of a task, from which a run then only selects.
 * The window of a cycle begins with row `order[cycle]`.
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

  /** Allocates buffers for `rows` rows of these inputs and of `outputs` expected values. */
  reserve(inputs: Rows[], rows: number, outputs: number): void {
    for (const { index, width, values } of inputs)
      this.#buffers.atLeast(`data ${index}`, rows * width * values.BYTES_PER_ELEMENT);
    this.#buffers.atLeast("expected", rows * outputs * 4);
  }

  /** Copies rows to the position `at`, a multiple of TABLE_PART_UNIT. Call `reserve` first. */
  write(
    model: NetworkModel,
    { inputs, expected }: Pick<RunRows, "inputs" | "expected">,
    at: number,
    rows: number,
  ): void {
    for (const { index, width, values } of inputs)
      this.#buffers.write(`data ${index}`, values.subarray(0, rows * width), at * width * values.BYTES_PER_ELEMENT);
    const wanted = expandRows(model, expected, rows, MARKS).expected;
    this.#buffers.write("expected", wanted, rows === 0 ? 0 : at * (wanted.byteLength / rows));
  }

  /** Uploads the rows of a run, whose cycles read them in order. */
  stream(model: NetworkModel, run: RequestRun | TrainRun): Feed {
    const { cycles, timeLength, inputs } = run;
    for (const { index, values } of inputs) {
      this.#buffers.atLeast(`data ${index}`, values.byteLength);
      this.#buffers.write(`data ${index}`, values);
    }
    const wanted = "expected" in run ? expandRows(model, run.expected, cycles, MARKS).expected : new Float32Array(0);
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
    return this.#feed(model, inputs, timeLength);
  }

  /** Feeds cycles from a table that has been written, in any order. `inputs` describes the table's columns. */
  pick(model: NetworkModel, inputs: Rows[], order: Uint32Array, timeLength: number): Feed {
    this.#buffers.atLeast("order", order.byteLength);
    this.#buffers.write("order", order);
    return this.#feed(model, inputs, timeLength);
  }

  destroy(): void {
    this.#buffers.destroy();
  }

  #feed({ template, state }: NetworkModel, inputs: Rows[], timeLength: number): Feed {
    const { inputWidth } = state.arrays;
    // An input without rows reads no data, but its binding needs a buffer.
    const none = this.#buffers.atLeast("none", 4);
    const sources = template.inputs.map(({ hexagon, kind }, index) => {
      const rows = inputs.find((each) => each.index === index);
      const width = rows?.width ?? 0;
      const used = Math.min(width * timeLength, inputWidth[index]!);
      const isBytes = rows?.values instanceof Uint8Array;
      const fields = [hexagon, kind === "binary" ? 1 : 0, isBytes ? 1 : 0, width, used];
      const source = this.#buffers.atLeast(`source ${index}`, 32, UNIFORM);
      this.#buffers.write(`source ${index}`, Uint32Array.from(fields));
      return { source, data: rows ? this.#buffers.get(`data ${index}`) : none };
    });
    const order = this.#buffers.get("order");
    const expected = this.#buffers.get("expected");
    // Bind groups are cached under these keys, which change whenever a buffer is replaced.
    const key = `${this.#name}, version ${this.#buffers.version}`;
    return {
      inputs: sources.map((buffers, index) => ({ key: `${key}, input ${index}`, buffers: { ...buffers, order } })),
      expected: { key, buffers: { expected, order } },
    };
  }
}
