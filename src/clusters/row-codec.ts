import type { Cells } from "../encoders/cells.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { subtractOffsets } from "../encoders/offsets.ts";
import { bindTable, widthOf, type BoundTable, type TableEncoder } from "../encoders/table-encoder.ts";
import { bindTarget, widthOfTarget, type FittedTarget } from "../encoders/targets.ts";
import { badRequest } from "../errors.ts";
import type { Rows } from "../network/run.ts";
import { isEncoded, type Template } from "../network/template/parse-template.ts";
import { offsetsOf, tableOf, targetOf } from "./answers.ts";
import { columnWarnings, shown } from "./column-warnings.ts";
import { jsonCells } from "./json-cells.ts";
import type { JsonColumns } from "./json-rows.ts";
import { portsOf } from "./named-ports.ts";
import type { KnownNetwork } from "./on-network.ts";
import { pacer } from "./pace.ts";
import { clippedTargets, plainValues, type PlainValues, type WidthLimits } from "./plain-values.ts";

/** Rows of JSON as rows of a network's inputs and outputs. */
export interface EncodedRows {
  /** Values of a row in all inputs. */
  width: number;
  inputs(first: number, count: number): Rows[];
  expected(first: number, count: number): Rows[];
  /** What was missing, ignored, unknown or clipped in the rows that were encoded so far. */
  warnings(): string[];
}

/** One input or output: its encoded rows. */
interface Part {
  indices: readonly number[];
  width: number;
  encode: (first: number, count: number) => Float32Array;
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
 * Encodes rows for a network, column by column. Columns that it has learnt and that are not there are silent, those
 * that it does not know are ignored; `warnings` say so. Throws 400 for cells of another kind, for more values than an
 * input or output may have, and when no column is known; EncoderError for a column of another kind. With `withTargets`,
 * every output has a column, and inputs may be wider than the network has learnt.
 */
export async function encodeRows(
  { info, template, encoders }: KnownNetwork,
  columns: JsonColumns,
  limits: WidthLimits,
  { withTargets = false } = {},
): Promise<EncodedRows> {
  const pace = pacer();
  const left = new Set(columns.cells.keys());
  const missing: string[] = [];
  const warnings: string[] = [];
  const reports: (() => string[])[] = [];
  const inputs: Part[] = [];
  for (const { name, kind, indices } of portsOf(template.inputs)) {
    await pace();
    const learnt = info.figures.inputs?.[indices[0]!] ?? 0;
    if (!isEncoded(kind)) {
      left.delete(name);
      const plain = plainValues({ name, what: "input", limits }, columns);
      if (!withTargets && learnt > 0 && plain.width > learnt)
        throw badRequest(`'${name}' has ${plain.width} values, but the network has learnt only ${learnt} of them`);
      warnings.push(...narrowInput(name, plain.width, learnt));
      const offsets = offsetsOf(encoders, name);
      if (offsets !== undefined) subtractOffsets(plain.values, plain.width, offsets);
      inputs.push({ indices, ...plainPart(plain) });
      continue;
    }
    const table = tableOf(encoders, name);
    if (table === undefined) throw badRequest(`The input '${name}' has not learnt a table yet`);
    const cells: (Cells | undefined)[] = [];
    for (const { name: column, kind: of } of table.columns) {
      await pace();
      const given = columns.cells.get(column);
      left.delete(column);
      if (given === undefined) missing.push(column);
      cells.push(given && jsonCells(column, given, columns.rows, of === "empty" ? "category" : of));
    }
    const bound = bindTable(table, cells);
    const part = tablePart(table, bound, cells);
    warnings.push(...learntWindows(name, part.width, learnt));
    reports.push(() => columnWarnings({ missing: [], extra: [], unknown: bound.unknown, place: PLACE }));
    inputs.push({ indices, ...part });
  }
  const known = namesOfRow(template, encoders);
  if (known.length > 0 && !known.some((name) => columns.cells.has(name))) {
    throw badRequest(`The rows have none of the columns that the network has learnt: ${shown(known)}`);
  }
  const expected: Part[] = [];
  for (const { name, kind, indices } of portsOf(template.outputs)) {
    await pace();
    const target = targetOf(encoders, name);
    const column = target?.column ?? name;
    left.delete(column);
    if (!withTargets) continue;
    const given = columns.cells.get(column);
    if (given === undefined) throw badRequest(`The rows have no column '${column}', which output '${name}' learns`);
    if (!isEncoded(kind)) {
      const plain = plainValues({ name, what: "output", limits }, columns);
      if (kind === "plain") warnings.push(...clippedTargets(name, plain));
      expected.push({ indices, ...plainPart(plain) });
      continue;
    }
    if (target === undefined) throw badRequest(`The output '${name}' has not learnt a column yet`);
    const cells = jsonCells(column, given, columns.rows, target.kind === "class" ? "category" : "number");
    const { part, warnings: report } = targetPart(target, cells);
    reports.push(report);
    expected.push({ indices, ...part });
  }
  warnings.push(...columnWarnings({ missing, extra: [...left], unknown: [], place: PLACE }));
  return {
    width: inputs.reduce((sum, { width, indices }) => sum + width * indices.length, 0),
    inputs: rowsOf(inputs),
    expected: rowsOf(expected),
    warnings: () => [...warnings, ...reports.flatMap((report) => report())],
  };
}

const PLACE = "in these rows";

/** The rows of all parts: the positions of one input or output share their values. */
const rowsOf =
  (parts: readonly Part[]) =>
  (first: number, count: number): Rows[] =>
    parts.flatMap(({ indices, width, encode }) => {
      const values = encode(first, count);
      return indices.map((index): Rows => ({ index, width, values }));
    });

type Encoding = Omit<Part, "indices">;

const encodeWith =
  (width: number, write: (first: number, count: number, values: Float32Array) => void) =>
  (first: number, count: number): Float32Array => {
    const values = new Float32Array(count * width);
    write(first, count, values);
    return values;
  };

function tablePart(encoder: TableEncoder, bound: BoundTable, cells: readonly (Cells | undefined)[]): Encoding {
  const width = widthOf(encoder);
  const encode = encodeWith(width, (first, count, values) =>
    bound.encode(
      cells.map((column) => column?.values.subarray(first, first + count)),
      count,
      values,
    ),
  );
  return { width, encode };
}

function targetPart(target: FittedTarget, cells: Cells): { part: Encoding; warnings: () => string[] } {
  const bound = bindTarget(target, cells);
  const width = widthOfTarget(target);
  const encode = encodeWith(width, (first, count, values) =>
    bound.encode(cells.values.subarray(first, first + count), count, values),
  );
  const warnings = () => {
    const { beyond } = bound;
    const numbers = beyond === 1 ? "1 number is" : `${beyond} numbers are`;
    const what = `column '${target.column}': ${numbers} beyond those of the first training`;
    return beyond === 0 ? [] : [`${what}, and learnt as the nearest of them`];
  };
  return { part: { width, encode }, warnings };
}

const plainPart = ({ width, values }: PlainValues): Encoding => ({
  width,
  encode: (first, count) => values.slice(first * width, (first + count) * width),
});

/** A sentence about a plain input that is narrower than the network has learnt, perhaps in windows of rows. */
function narrowInput(name: string, width: number, learnt: number): string[] {
  if (width === 0) return [`input '${name}' is not ${PLACE}, and counts as 0`];
  if (width >= learnt) return [];
  return [`input '${name}' has learnt ${learnt} values, but is given ${width}: the others count as 0`];
}

/** A sentence about a table of which the network has learnt windows of several rows. */
function learntWindows(name: string, width: number, learnt: number): string[] {
  if (width === 0 || learnt <= width) return [];
  const rows = Math.round(learnt / width);
  return [`input '${name}' has learnt windows of ${rows} rows: each row stands alone here, as the first of a window`];
}
