import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { fitColumn, type TableEncoder } from "../encoders/table-encoder.ts";
import type { Cells } from "../encoders/cells.ts";
import { EncoderError } from "../encoders/encoder-error.ts";
import { numberFromText } from "../encoders/number-text.ts";
import {
  type ClassTarget,
  extendClasses,
  fitClass,
  fitNumber,
  type FittedTarget,
  widenNumber,
} from "../encoders/targets.ts";
import { badRequest } from "../errors.ts";
import { isEncoded, type Template } from "../network/template/parse-template.ts";
import { tableOf, targetOf } from "./answers.ts";
import { jsonCells, kindOfCells } from "./json-cells.ts";
import type { JsonColumns } from "./json-rows.ts";
import { portsOf } from "./named-ports.ts";
import { pacer } from "./pace.ts";

/** Encoders are fitted to the rows of the first call, which must not be too few. */
const FIRST_ROWS_MIN = 20;

interface Known {
  template: Template;
  encoders: NetworkEncoders;
}

/**
 * The encoders of a network, with those that it lacks fitted to the rows, and with new classes; the same object when
 * nothing is new. `wanted` has the column of each output that has learnt none, by default that of its own name. Throws
 * 400 and EncoderError for rows that cannot be learnt.
 */
export async function fitToRows(
  { template, encoders }: Known,
  columns: JsonColumns,
  wanted: Record<string, unknown>,
): Promise<NetworkEncoders> {
  const pace = pacer();
  const targetColumns = columnsOfTargets({ template, encoders }, wanted);
  let isSame = true;
  const outputs: [string, FittedTarget][] = [];
  for (const [name, column] of targetColumns) {
    await pace();
    const fitted = fitTarget({ template, encoders }, { name, column }, columns);
    if (fitted !== targetOf(encoders, name)) isSame = false;
    outputs.push([name, fitted]);
  }
  const others = new Set([
    ...targetColumns.values(),
    ...[...template.inputs, ...template.outputs].filter(({ kind }) => !isEncoded(kind)).map(({ name }) => name),
  ]);
  const inputs: [string, TableEncoder][] = [];
  for (const { name, kind } of portsOf(template.inputs)) {
    if (!isEncoded(kind)) continue;
    const known = tableOf(encoders, name);
    if (known === undefined) isSame = false;
    inputs.push([name, known ?? (await fitTable(columns, others))]);
  }
  return isSame ? encoders : { ...encoders, inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
}

/** The column of each output behind an encoder. Throws 400 for a wish that cannot be fulfilled. */
function columnsOfTargets({ template, encoders }: Known, wanted: Record<string, unknown>): Map<string, string> {
  const columns = new Map(
    portsOf(template.outputs)
      .filter(({ kind }) => isEncoded(kind))
      .map(({ name }) => [name, targetOf(encoders, name)?.column ?? name]),
  );
  for (const [name, column] of Object.entries(wanted)) {
    const shownName = name.slice(0, NAME_SHOWN);
    if (!columns.has(name)) throw badRequest(`'targets' has '${shownName}', which is no output of a class or number`);
    if (typeof column !== "string") throw badRequest(`'targets' has no name of a column for output '${shownName}'`);
    const known = targetOf(encoders, name)?.column;
    if (known !== undefined && known !== column) {
      throw badRequest(`Output '${shownName}' has learnt column '${known}', not '${column.slice(0, NAME_SHOWN)}'`);
    }
    columns.set(name, column);
  }
  return columns;
}

/** Characters of a name from a client in a message. */
const NAME_SHOWN = 256;

function fitTarget(
  { template, encoders }: Known,
  { name, column }: { name: string; column: string },
  columns: JsonColumns,
): FittedTarget {
  const known = targetOf(encoders, name);
  const given = columns.cells.get(column);
  if (given === undefined) throw badRequest(`The rows have no column '${column}', which output '${name}' learns`);
  const isClass = template.outputs.some((output) => output.name === name && output.kind === "class");
  const cells = jsonCells(column, given, columns.rows, isClass ? "category" : "number");
  if (known?.kind === "number") return widenNumber(known, cells);
  if (known !== undefined) {
    checkTexts(known, cells);
    const extended = extendClasses(known, cells);
    return extended.classes.length === known.classes.length ? known : extended;
  }
  checkFirst(columns);
  return isClass ? fitClass(cells) : fitNumber(cells);
}

/** Throws EncoderError when there are only numbers, also as texts, where the classes are other texts. */
function checkTexts({ column, classes }: ClassTarget, { kind, categories }: Cells): void {
  if (kind !== "category" || categories.length === 0) return;
  const areNumbers = (texts: readonly string[]) => texts.every((text) => numberFromText(text) !== undefined);
  if (areNumbers(categories) && !areNumbers(classes)) {
    throw new EncoderError(`The target '${column}' has numbers, and its classes are texts.`);
  }
}

const LISTED_MAX = 5;

/** What later encoders know of targets that earlier ones did not, one sentence each. */
export function changesOfTargets(before: NetworkEncoders, after: NetworkEncoders): string[] {
  return Object.entries(after.outputs).flatMap(([name, target]) => {
    const known = targetOf(before, name);
    if (known === undefined || known === target) return [];
    if (known.kind === "number") {
      return [`the targets '${target.column}' have left the range of those before: their scale is learnt anew`];
    }
    const added = target.kind === "class" ? target.classes.slice(known.classes.length) : [];
    if (added.length === 0) return [];
    const shown = added.slice(0, LISTED_MAX).map((text) => `'${excerptOf(text)}'`);
    const more = added.length > LISTED_MAX ? ` and ${added.length - LISTED_MAX} more` : "";
    return [`new ${added.length === 1 ? "class" : "classes"} of '${target.column}': ${shown.join(", ")}${more}`];
  });
}

const excerptOf = (text: string) => (text.length > 50 ? `${text.slice(0, 50)}…` : text);

async function fitTable(columns: JsonColumns, others: ReadonlySet<string>): Promise<TableEncoder> {
  checkFirst(columns);
  const pace = pacer();
  const fitted: TableEncoder = { columns: [] };
  for (const [name, column] of columns.cells) {
    if (others.has(name)) continue;
    await pace();
    fitted.columns.push(fitColumn(jsonCells(name, column, columns.rows, kindOfCells(column))));
  }
  if (fitted.columns.length === 0) throw badRequest("The rows have no columns besides the targets");
  return fitted;
}

function checkFirst({ rows }: JsonColumns): void {
  if (rows >= FIRST_ROWS_MIN) return;
  throw badRequest(
    `The first rows decide how columns are coded: send at least ${FIRST_ROWS_MIN} of them, or train with a dataset first`,
  );
}
