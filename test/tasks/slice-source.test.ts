import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createDatasetFile } from "../../src/datasets/file/writer.ts";
import type { Rows } from "../../src/network/run.ts";
import { ShuffledSource } from "../../src/tasks/shuffled-source.ts";
import { plainGroup } from "../../src/tasks/row-group.ts";
import { SliceSource } from "../../src/tasks/slice-source.ts";
import { TaskDatasets } from "../../src/tasks/task-datasets.ts";
import { temporaryFolder } from "../datasets/support.ts";

const ROWS = 7;
/** Row r of the two columns of `in` is (10 r, 10 r + 1), of `out` it is (r). */
const inputRow = (row: number) => [10 * row, 10 * row + 1];

let datasets: TaskDatasets | undefined;
afterEach(() => datasets?.close());

async function open(timeLength: number, type: "uint8" | "float32" = "float32", rowCount = ROWS): Promise<SliceSource> {
  const path = join(await temporaryFolder(), "table");
  const groups = [
    { name: "in", column_start: 0, column_end: 2 },
    { name: "out", column_start: 2, column_end: 3 },
  ];
  const writer = await createDatasetFile(path, { name: "table", type, groups });
  const values = Array.from({ length: rowCount }, (_, row) => [...inputRow(row), row]).flat();
  await writer.append(type === "uint8" ? Uint8Array.from(values) : Float32Array.from(values));
  await writer.finish();
  await datasets?.close();
  datasets = new TaskDatasets(() => path);
  const reader = await datasets.open("d", rowCount);
  const bind = (column: string) => plainGroup(reader, { dataset_uuid: "d", dataset_column: column }, [0]);
  return new SliceSource({ inputs: [bind("in")], expected: [bind("out")] }, { rows: rowCount, timeLength });
}

/** The sample of each cycle, as a host cuts it out of a slice. */
function samples({ values, width }: Rows, cycles: number, timeLength: number): number[][] {
  return Array.from({ length: cycles }, (_, cycle) => [
    ...values.subarray(cycle * width, cycle * width + width * timeLength),
  ]);
}

test.each([1, 3, ROWS])(
  "cycle c sees the window at row c of the endlessly repeated rows, time length %i",
  async (timeLength) => {
    for (const type of ["uint8", "float32"] as const) {
      const table = await open(timeLength, type);
      const period = ROWS - timeLength + 1;
      for (const first of [0, 1, period - 1, period, 3 * period + 2]) {
        for (const cycles of [1, period - 1, period, period + 1, 4 * period + 3]) {
          const slice = await table.read(first, cycles);
          const windows = Array.from({ length: cycles }, (_, cycle) =>
            Array.from({ length: timeLength }, (_row, t) => inputRow(((first + cycle) % period) + t)).flat(),
          );
          const [input, expected] = [slice.inputs[0]!, slice.expected[0]!];
          expect(samples(input, cycles, slice.timeLength)).toEqual(windows);
          expect(samples(expected, cycles, 1).flat()).toEqual(windows.map((window) => window[0]! / 10));
          expect(input.values.byteLength).toBe(input.values.buffer.byteLength);
        }
      }
    }
  },
);

test.each([1, 3])(
  "shuffled: every epoch sees every window with its expected values, time length %i",
  async (timeLength) => {
    const table = await open(timeLength, "uint8");
    const { period } = table;
    const shuffled = new ShuffledSource(table, 5);
    const cycles = 3 * period;
    const slice = await shuffled.read(0, cycles);
    const inputs = samples(slice.inputs[0]!, cycles, slice.timeLength);
    const rows = inputs.map((window) => window[0]! / 10);
    expect(samples(slice.expected[0]!, cycles, 1).flat()).toEqual(rows);
    for (const [cycle, window] of inputs.entries()) {
      const expected = Array.from({ length: timeLength }, (_, t) => inputRow(rows[cycle]! + t)).flat();
      expect(window).toEqual(expected);
    }
    for (const epoch of [0, 1, 2]) {
      const seen = rows.slice(epoch * period, (epoch + 1) * period);
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: period }, (_, i) => i));
    }
    // Where the whole table is known, the order alone gives the same.
    expect([...shuffled.order(0, cycles)]).toEqual(rows);
    expect([...shuffled.order(period + 2, period)]).toEqual(rows.slice(period + 2, 2 * period + 2));
    // A task that continues in the middle sees the same rows.
    const resumed = await new ShuffledSource(table, 5).read(period + 2, period);
    expect(samples(resumed.inputs[0]!, period, 1)).toEqual(inputs.slice(period + 2, 2 * period + 2));
  },
);

test("rows requested while others are being read are correct, and so are those after them", async () => {
  // Two windows: one of sixteen pieces, which is slow to read, and one of a single piece.
  const rowCount = 16 * 256 + 100;
  const shuffled = new ShuffledSource(await open(1, "float32", rowCount), 5);
  const asked = [
    [0, 50],
    [rowCount - 60, 60],
    [50, 50],
  ] as const;
  const [first, last] = await Promise.all([shuffled.read(...asked[0]), shuffled.read(...asked[1])]);
  const slices = [first, last, await shuffled.read(...asked[2])];
  for (const [i, { inputs, expected }] of slices.entries()) {
    const [from, cycles] = asked[i] as (typeof asked)[0 | 1 | 2];
    const rows = [...shuffled.order(from, cycles)];
    expect([...expected[0]!.values]).toEqual(rows);
    expect(samples(inputs[0]!, rows.length, 1)).toEqual(rows.map(inputRow));
  }
});

test("the table itself can be read in parts, and the order of its cycles starts over", async () => {
  const table = await open(3);
  expect(table.rows).toBe(ROWS);
  const { inputs, expected } = await table.readRows(2, 4);
  expect([...inputs[0]!.values]).toEqual([2, 3, 4, 5].flatMap(inputRow));
  expect([...expected[0]!.values]).toEqual([2, 3, 4, 5]);
  expect([...table.order(4, 7)]).toEqual([4, 0, 1, 2, 3, 4, 0]);
});
