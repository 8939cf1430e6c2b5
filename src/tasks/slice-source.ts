import type { Rows, RunRows } from "../network/run.ts";
import { readGroup, toAllPositions, type RowGroup } from "./row-group.ts";

/** Reads the rows of a task's datasets, slice by slice. Each group has one entry among the rows of a slice. */
export class SliceSource {
  readonly #inputs: readonly RowGroup[];
  readonly #expected: readonly RowGroup[];
  readonly #timeLength: number;
  /** Cycles after which the rows start again. */
  readonly period: number;

  /** All groups have at least `rows` rows. */
  constructor(
    groups: { inputs: readonly RowGroup[]; expected: readonly RowGroup[] },
    { rows, timeLength }: { rows: number; timeLength: number },
  ) {
    this.#inputs = groups.inputs;
    this.#expected = groups.expected;
    this.#timeLength = timeLength;
    this.period = rows - timeLength + 1;
  }

  /** Input values of one cycle. */
  get inputValues(): number {
    return this.#inputs.reduce((sum, { width, indices }) => sum + width * indices.length, 0) * this.#timeLength;
  }

  /** Approximate memory of one cycle's rows. */
  get bytesPerCycle(): number {
    const bytes = ({ width, type }: RowGroup) => width * (type === "uint8" ? 1 : 4);
    const sum = (groups: readonly RowGroup[]) => groups.reduce((total, group) => total + bytes(group), 0);
    // Where the rows wrap around, windows are stored one by one.
    return sum(this.#inputs) * this.#timeLength + sum(this.#expected);
  }

  /**
   * Reads the rows of `cycles` cycles from `firstCycle` on into fresh buffers. After the last row the first one
   * follows; a slice that wraps around consists of whole windows, and its `timeLength` is 1.
   */
  async read(firstCycle: number, cycles: number): Promise<RunRows> {
    const row = firstCycle % this.period;
    if (row + cycles > this.period) return this.readSamples(firstCycle, cycles);
    const inputs = await eachInTurn(this.#inputs, (group) => readGroup(group, row, cycles + this.#timeLength - 1));
    const expected = await eachInTurn(this.#expected, (group) => readGroup(group, row, cycles));
    return { timeLength: this.#timeLength, inputs, expected };
  }

  /** Like `read`, but stores every sample as a whole window in one row: `timeLength` is 1. */
  async readSamples(firstCycle: number, cycles: number): Promise<RunRows> {
    const take = (groups: readonly RowGroup[], timeLength: number): Promise<Rows[]> =>
      eachInTurn(groups, (group) => this.#readSamples(group, { row: firstCycle % this.period, cycles, timeLength }));
    const inputs = await take(this.#inputs, this.#timeLength);
    const expected = await take(this.#expected, 1);
    return { timeLength: 1, inputs, expected };
  }

  /** The windows of consecutive cycles, which may wrap around after the last row. */
  async #readSamples(
    group: RowGroup,
    { row, cycles, timeLength }: { row: number; cycles: number; timeLength: number },
  ): Promise<Rows> {
    const { width } = group;
    const index = group.indices[0] as number;
    const period = this.period;
    const all = cycles > period ? await readGroup(group, 0, period + timeLength - 1) : null;
    const window = width * timeLength;
    const values = group.type === "uint8" ? new Uint8Array(cycles * window) : new Float32Array(cycles * window);
    for (let done = 0, start = row; done < cycles; start = 0) {
      const count = Math.min(cycles - done, period - start);
      const source = all ?? (await readGroup(group, start, count + timeLength - 1));
      const first = all === null ? 0 : start;
      for (let cycle = 0; cycle < count; cycle++) {
        const from = (first + cycle) * width;
        values.set(source.values.subarray(from, from + window), (done + cycle) * window);
      }
      done += count;
    }
    return { index, width: window, values };
  }

  /** First table row of each of these cycles. */
  order(firstCycle: number, cycles: number): Uint32Array<ArrayBuffer> {
    return Uint32Array.from({ length: cycles }, (_, i) => (firstCycle + i) % this.period);
  }

  /** Number of rows of the whole table. */
  get rows(): number {
    return this.period + this.#timeLength - 1;
  }

  /** Rows in table order. */
  async readRows(first: number, count: number): Promise<RunRows> {
    const inputs = await eachInTurn(this.#inputs, (group) => readGroup(group, first, count));
    const expected = await eachInTurn(this.#expected, (group) => readGroup(group, first, count));
    return { timeLength: this.#timeLength, inputs, expected };
  }

  /** Copies whole samples to `target`, a buffer of `makeRoom`, after its first `done` samples. */
  async fillSamples(target: RunRows, done: number, { first, count }: { first: number; count: number }): Promise<void> {
    // Windows of one row are stored in the file as needed.
    const isPlain = this.#timeLength === 1 && first + count <= this.period;
    const read = isPlain ? null : await this.readSamples(first, count);
    const fill = async (groups: readonly RowGroup[], into: Rows[], from: Rows[] | undefined) => {
      for (const [i, group] of groups.entries()) {
        const { values, width } = into[i] as Rows;
        const place = values.subarray(done * width, (done + count) * width);
        if (from === undefined) await group.fill(place, first, count);
        else place.set((from[i] as Rows).values);
      }
    };
    await fill(this.#inputs, target.inputs, read?.inputs);
    await fill(this.#expected, target.expected, read?.expected);
  }

  /** Allocates a buffer for whole samples. */
  makeRoom(cycles: number): RunRows {
    const room = ({ indices, width: columns, type }: RowGroup, timeLength: number): Rows => {
      const width = columns * timeLength;
      const length = cycles * width;
      const index = indices[0] as number;
      return { index, width, values: type === "uint8" ? new Uint8Array(length) : new Float32Array(length) };
    };
    return {
      timeLength: 1,
      inputs: this.#inputs.map((group) => room(group, this.#timeLength)),
      expected: this.#expected.map((group) => room(group, 1)),
    };
  }

  /** Copies the entry of each group for all its positions, which share the values. Either list may be empty. */
  spread({ timeLength, inputs, expected }: RunRows): RunRows {
    return {
      timeLength,
      inputs: toAllPositions(this.#inputs, inputs),
      expected: toAllPositions(this.#expected, expected),
    };
  }
}

/** Runs an action on each item, one after the other. */
async function eachInTurn<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}
