import type { Cells } from "../encoders/cells.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { bindTable, widthOf, type TableEncoder } from "../encoders/table-encoder.ts";
import { bindTarget, widthOfTarget } from "../encoders/targets.ts";
import { badRequest } from "../errors.ts";
import type { Rows } from "../network/run.ts";
import { isEncoded, type Template } from "../network/template/parse-template.ts";
import { tableOf, targetOf } from "./answers.ts";
import { jsonCells } from "./json-cells.ts";
import { shown, type JsonColumns } from "./json-rows.ts";

/** The named inputs or outputs of a template with the indices of their positions. */
export function portsOf<Kind>(ports: readonly { name: string; kind: Kind }[]) {
  const found = new Map<string, { name: string; kind: Kind; indices: number[] }>();
  for (const [index, { name, kind }] of ports.entries()) {
    const port = found.get(name);
    if (port === undefined) found.set(name, { name, kind, indices: [index] });
    else port.indices.push(index);
  }
  return [...found.values()];
}

/** Rows of JSON as rows of a network's inputs and outputs. */
export interface EncodedRows {
  /** Values of a row in all inputs. */
  width: number;
  inputs(first: number, count: number): Rows[];
  expected(first: number, count: number): Rows[];
  warnings: string[];
}

/** One input or output: its encoded rows. */
interface Part {
  indices: readonly number[];
  width: number;
  encode(first: number, count: number): Float32Array;
}

/** The names of the cells that a row has as an array: the learnt columns, then those of the targets. */
export function namesOfRow(template: Template, encoders: NetworkEncoders, { withTargets = false } = {}): string[] {
  const inputs = portsOf(template.inputs).flatMap(({ name }) => {
    const table = tableOf(encoders, name);
    return table === undefined ? [name] : table.columns.map((column) => column.name);
  });
  const outputs = portsOf(template.outputs).map(({ name }) => targetOf(encoders, name)?.column ?? name);
  return withTargets ? [...inputs, ...outputs] : inputs;
}

/**
 * Encodes rows for a network. Columns that it has learnt and that are not there are silent, those that it does not know
 * are ignored; `warnings` say so. Throws 400 for cells of another kind, and when no column is known; EncoderError for a
 * column of another kind. With `targets`, every output has a column.
 */
export function encodeRows(
  { template, encoders }: { template: Template; encoders: NetworkEncoders },
  columns: JsonColumns,
  { withTargets = false } = {},
): EncodedRows {
  const left = new Set(columns.cells.keys());
  const warnings: string[] = [];
  const missing: string[] = [];
  const bound: ReturnType<typeof bindTable>[] = [];
  const inputs = portsOf(template.inputs).map(({ name, kind, indices }): Part => {
    if (!isEncoded(kind)) {
      left.delete(name);
      return { indices, ...plainPart(name, columns) };
    }
    const table = tableOf(encoders, name);
    if (table === undefined) throw badRequest(`The input '${name}' has not learnt a table yet`);
    const cells = table.columns.map((column) => {
      const given = columns.cells.get(column.name);
      left.delete(column.name);
      if (given === undefined) missing.push(column.name);
      return given && jsonCells(column.name, given, columns.rows, column.kind === "empty" ? "category" : column.kind);
    });
    const part = tablePart(table, cells);
    bound.push(part.table);
    return { indices, ...part };
  });
  const known = namesOfRow(template, encoders);
  if (known.length > 0 && !known.some((name) => columns.cells.has(name))) {
    throw badRequest(`The rows have none of the columns that the network has learnt: ${shown(known)}`);
  }
  const expected = portsOf(template.outputs).flatMap(({ name, kind, indices }): Part[] => {
    const target = targetOf(encoders, name);
    const column = target?.column ?? name;
    const given = columns.cells.get(column);
    left.delete(column);
    if (!withTargets) return [];
    if (given === undefined) throw badRequest(`The rows have no column '${column}', which output '${name}' learns`);
    if (!isEncoded(kind)) return [{ indices, ...plainPart(name, columns) }];
    if (target === undefined) throw badRequest(`The output '${name}' has not learnt a column yet`);
    const cells = jsonCells(column, given, columns.rows, target.kind === "class" ? "category" : "number");
    const encoder = bindTarget(target, cells);
    const width = widthOfTarget(target);
    return [
      {
        indices,
        width,
        encode: encodeWith(width, (first, count, values) =>
          encoder.encode(cells.values.subarray(first, first + count), count, values),
        ),
      },
    ];
  });
  if (missing.length > 0) warnings.push(`learnt columns that the rows do not have are silent: ${shown(missing)}`);
  if (left.size > 0) warnings.push(`columns that the network has not learnt are ignored: ${shown([...left])}`);
  const rowsOf = (parts: readonly Part[]) => (first: number, count: number) =>
    parts.flatMap(({ indices, width, encode }) => {
      const values = encode(first, count);
      return indices.map((index): Rows => ({ index, width, values }));
    });
  return {
    width: inputs.reduce((sum, { width, indices }) => sum + width * indices.length, 0),
    inputs: rowsOf(inputs),
    expected: rowsOf(expected),
    get warnings() {
      const unknown = bound.flatMap((table) =>
        [...table.unknown].map(
          ([name, count]) =>
            `column '${name}': ${count} ${count === 1 ? "cell has a category" : "cells have categories"} that the network has not learnt`,
        ),
      );
      return [...warnings, ...unknown];
    },
  };
}

const encodeWith =
  (width: number, write: (first: number, count: number, values: Float32Array) => void) =>
  (first: number, count: number): Float32Array => {
    const values = new Float32Array(count * width);
    write(first, count, values);
    return values;
  };

function tablePart(encoder: TableEncoder, cells: readonly (Cells | undefined)[]) {
  const table = bindTable(encoder, cells);
  const width = widthOf(encoder);
  const encode = encodeWith(width, (first, count, values) =>
    table.encode(
      cells.map((column) => column?.values.subarray(first, first + count)),
      count,
      values,
    ),
  );
  return { table, width, encode };
}

/** An input or output without an encoder: a number, or an array of the same length in every row. */
function plainPart(name: string, { cells, rows }: JsonColumns): Omit<Part, "indices"> {
  const given = cells.get(name) ?? [];
  const listOf = (row: number) => {
    const cell = given[row] ?? [];
    return Array.isArray(cell) ? (cell as readonly number[]) : [cell];
  };
  const width = listOf(0).length;
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const list = listOf(row);
    if (list.length !== width)
      throw badRequest(`Row ${row}, '${name}' has ${list.length} values, but row 0 has ${width}`);
    for (const [k, value] of list.entries()) {
      values[row * width + k] = typeof value === "number" ? value : NaN;
      if (!Number.isFinite(values[row * width + k]))
        throw badRequest(`Row ${row}, '${name}' has a value that is no number`);
    }
  }
  return { width, encode: (first, count) => values.slice(first * width, (first + count) * width) };
}
