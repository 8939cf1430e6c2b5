import type { NetworkModel } from "../../network/network-model.ts";
import { expandRows, type Marks } from "../../network/output-rows.ts";
import type { RequestRun, Rows, RunRows, TrainRun } from "../../network/run.ts";
import { Buffers } from "./buffers.ts";
import type { Gpu } from "./device.ts";
import { EXCLUDED, NO_OPINION } from "./codes.ts";
import type { Scoped } from "./kernels.ts";
import { GPUBufferUsage } from "./webgpu-flags.ts";

/** Where the kernels of a step find their samples. */
export interface Feed {
  inputs: readonly Scoped[];
  /** What the outputs should show. */
  expected: Scoped;
}

const UNIFORM = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;

const MARKS: Marks = { noOpinion: NO_OPINION, excluded: EXCLUDED };

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

  /** Makes room for so many rows of these inputs. */
  reserve(inputs: Rows[], rows: number, outputs: number): void {
    for (const { index, width, values } of inputs)
      this.#buffers.atLeast(`data ${index}`, rows * width * values.BYTES_PER_ELEMENT);
    this.#buffers.atLeast("expected", rows * outputs * 4);
  }

  /** Copies rows behind the first `at` ones, a multiple of TABLE_PART_UNIT. There is room for them. */
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

  /** A run whose rows are all that its cycles read, in the order in which they lie. */
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

  /** Cycles of a table that was written before, in any order. `inputs` tells what it holds. */
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
    // An input of which nothing is said reads no data, but its binding needs a buffer.
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
    // Bind groups are kept under these keys: they change whenever a buffer was replaced.
    const key = `${this.#name}, version ${this.#buffers.version}`;
    return {
      inputs: sources.map((buffers, index) => ({ key: `${key}, input ${index}`, buffers: { ...buffers, order } })),
      expected: { key, buffers: { expected, order } },
    };
  }
}
