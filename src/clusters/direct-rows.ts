import type { ColumnMeaning } from "../encoders/cells.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { subtractOffsets } from "../encoders/offsets.ts";
import { bindTable, widthOf, type TableEncoder } from "../encoders/table-encoder.ts";
import { bindTarget, widthOfTarget, type FittedTarget } from "../encoders/targets.ts";
import { badRequest } from "../errors.ts";
import type { Rows } from "../network/run.ts";
import type { Template } from "../network/template/parse-template.ts";
import { offsetsOf, tableOf, targetOf, type Answer } from "./answers.ts";
import { portsOf } from "./named-ports.ts";

/** Values of direct IO by the name of the input or output. */
export type DirectValues = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

interface DirectNetwork {
  template: Template;
  encoders: NetworkEncoders;
}

/**
 * The row of one cycle, in template order, on which the growth of a network depends. Values of a table are its cells in
 * the learnt order: numbers, seconds since 1970, and categories by their index among the learnt ones; those that are
 * not sent are missing. Copies the values, because those of a run are handed over to the host. Throws 400 for values
 * that cannot be meant.
 */
export function directInputs({ template, encoders }: DirectNetwork, values: DirectValues): Rows[] {
  return portsOf(template.inputs).flatMap(({ name, kind, indices }): Rows[] => {
    const sent = values.get(name);
    if (sent === undefined) return [];
    if (kind !== "table") {
      const values = sent.slice();
      const offsets = offsetsOf(encoders, name);
      if (offsets !== undefined) subtractOffsets(values, values.length, offsets);
      return [{ index: indices[0]!, width: values.length, values }];
    }
    const table = tableOf(encoders, name);
    if (table === undefined) throw badRequest(`The input '${name}' has not learnt a table yet`);
    const encoded = encodeRow(name, table, sent);
    return indices.map((index) => ({ index, width: encoded.length, values: encoded }));
  });
}

function encodeRow(name: string, table: TableEncoder, sent: Float32Array): Float32Array {
  const { columns } = table;
  if (sent.length > columns.length) {
    throw badRequest(`'${name}' has ${sent.length} values, but its table has ${columns.length} columns`);
  }
  const meanings = columns.map((column): ColumnMeaning => ({
    name: column.name,
    kind: column.kind === "empty" ? "number" : column.kind,
    categories: column.kind === "category" ? column.categories : [],
    origin: 0,
  }));
  const cells = meanings.map(({ categories, kind, name: column }, index) => {
    const value = sent[index] ?? NaN;
    if (kind === "category" && !Number.isNaN(value) && categories[value] === undefined) {
      throw badRequest(
        `Value ${index} of '${name}' is ${value}, but column '${column}' has learnt ${categories.length} categories`,
      );
    }
    return Float32Array.of(value);
  });
  const values = new Float32Array(widthOf(table));
  bindTable(table, meanings).encode(cells, 1, values);
  return values;
}

/**
 * What the outputs learn in one cycle: for classes the index of the class, or a value per class of which the highest
 * counts.
 */
export function directExpected({ template, encoders }: DirectNetwork, values: DirectValues): Rows[] {
  return portsOf(template.outputs).flatMap(({ name, kind, indices }): Rows[] => {
    const sent = values.get(name);
    if (sent === undefined) return [];
    if (kind !== "class" && kind !== "number")
      return [{ index: indices[0]!, width: sent.length, values: sent.slice() }];
    const target = targetOf(encoders, name);
    if (target === undefined) throw badRequest(`The output '${name}' has not learnt a column yet`);
    const encoded = encodeTarget(name, target, sent);
    return indices.map((index) => ({ index, width: encoded.length, values: encoded }));
  });
}

function encodeTarget(name: string, target: FittedTarget, sent: Float32Array): Float32Array {
  const values = new Float32Array(widthOfTarget(target));
  if (target.kind === "number") {
    if (sent.length !== 1) throw badRequest(`'${name}' has ${sent.length} values, but it learns one number`);
    bindTarget(target, { name, kind: "number", categories: [], origin: 0 }).encode(sent, 1, values);
    return values;
  }
  const { classes } = target;
  const isKnown = sent.length === 1 || sent.length === classes.length;
  const index = sent.length === 1 ? sent[0]! : highest(sent);
  if (!isKnown || classes[index] === undefined) {
    throw badRequest(`'${name}' takes the index of one of ${classes.length} classes, or a value for each`);
  }
  const meaning: ColumnMeaning = { name, kind: "category", categories: classes, origin: 0 };
  bindTarget(target, meaning).encode(Float32Array.of(index), 1, values);
  return values;
}

/** The index of the highest value. A client may send more values than a call takes as arguments. */
function highest(values: Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if (values[at]! > values[best]!) best = at;
  return best;
}

/** The values of an answer in one cycle: the probability of each class, the number, or the values of the output. */
export function directValues(answer: Answer): Float32Array {
  return answer.kind === "class" ? answer.probabilities : answer.values;
}
