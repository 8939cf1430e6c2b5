import type { Context } from "../app-context.ts";
import type { Cells } from "../encoders/cells.ts";
import { encodersText, type NetworkEncoders } from "../encoders/network-encoders.ts";
import { fitColumn } from "../encoders/table-encoder.ts";
import { extendClasses, fitClass, fitNumber, type FittedTarget } from "../encoders/targets.ts";
import { badRequest } from "../errors.ts";
import type { Template } from "../network/template/parse-template.ts";
import { tableOf, targetOf } from "./answers.ts";
import { checkEncodedWidths } from "./check-encoded-widths.ts";
import { findCluster } from "./find-cluster.ts";
import { jsonCells, kindOfCells } from "./json-cells.ts";
import { readJsonRows, type JsonColumns } from "./json-rows.ts";
import {
  answerRows,
  answerShape,
  checkKnown,
  knownOf,
  onNetwork,
  turnsOf,
  type KnownNetwork,
  type PredictedRow,
} from "./predict-rows.ts";
import { encodeRows, namesOfRow, portsOf } from "./row-codec.ts";

export interface LearnRowsInput {
  cluster_uuid: string;
  rows: readonly unknown[];
  /** Answers what the network predicted for each row before it learnt it. */
  predict: boolean;
  /**
   * For a network that has learnt no target yet: the column of each output, by its name; by default the name itself.
   */
  targets: Record<string, unknown>;
}

export interface LearntRows {
  header?: string[];
  /** Only with `predict`; null where the network had not learnt anything yet. */
  rows?: (PredictedRow | null)[];
  /** Rows that were learnt: those whose targets are there. */
  learnt: number;
  warnings: string[];
}

/** Encoders are fitted to the rows of the first call, which must not be too few. */
const FIRST_ROWS_MIN = 20;
/** Rows that are learnt at once. Each of them is predicted before. */
const STEP_ROWS = 16;

/**
 * Learns rows of JSON, in order and in turn with the cluster's tasks. The encoders of a network that has none are
 * fitted to the rows. Throws like `predictRows`.
 */
export async function learnRows(context: Context, input: LearnRowsInput): Promise<LearntRows> {
  const { rows: given, predict } = input;
  const { uuid } = await findCluster(context, input.cluster_uuid);
  return onNetwork(context, uuid, async (turn) => {
    const before = await turn(knownOf);
    const isFirst = before.info.figures.cycle === 0;
    const columns = readJsonRows(given, namesOfRow(before.template, before.encoders, { withTargets: true }));
    const encoders = fitToRows(before, columns, input.targets);
    const text = encoders === before.encoders ? before.info.encoders : encodersText(encoders);
    if (text !== before.info.encoders) {
      checkEncodedWidths(context.app.config.limits, encoders);
      await turn(async (network) => {
        await checkKnown(network, before);
        await network.setEncoders(text);
      });
    }
    const known: KnownNetwork = { ...before, encoders, info: { ...before.info, encoders: text } };
    const encoded = encodeRows(known, columns, { withTargets: true });
    const shape = answerShape(known, { rows: predict ? columns.rows : 0, isList: Array.isArray(given[0]) });
    const answered: (PredictedRow | null)[] = [];
    let learnt = 0;
    for (const part of turnsOf(encoded, columns.rows)) {
      for (let first = part.first; first < part.first + part.count; first += STEP_ROWS) {
        const count = Math.min(STEP_ROWS, part.first + part.count - first);
        const expected = encoded.expected(first, count);
        await turn(async (network) => {
          if (predict) {
            const report = await answerRows(network, known, encoded, { first, count });
            const isUntaught = isFirst && first === 0;
            answered.push(...(isUntaught ? Array<null>(count).fill(null) : shape.rows(report, count)));
          } else await checkKnown(network, known);
          const inputs = encoded.inputs(first, count);
          await network.learn({ cycles: count, timeLength: 1, inputs, expected, batchSize: count, schedule: "direct" });
        });
        learnt += count;
      }
    }
    const rows = predict ? { ...shape.header, rows: answered } : {};
    return { ...rows, learnt, warnings: [...shape.warnings, ...encoded.warnings] };
  });
}

/** The encoders of a network, with those that it lacks fitted to the rows, and with new classes. */
function fitToRows(
  { template, encoders }: { template: Template; encoders: NetworkEncoders },
  columns: JsonColumns,
  wanted: Record<string, unknown>,
): NetworkEncoders {
  const outputs = portsOf(template.outputs).flatMap(({ name, kind }): [string, FittedTarget][] => {
    if (kind !== "class" && kind !== "number") return [];
    const known = targetOf(encoders, name);
    if (known?.kind === "number") return [[name, known]];
    const column = known?.column ?? (Object.hasOwn(wanted, name) ? String(wanted[name]) : name);
    const given = columns.cells.get(column);
    if (given === undefined) throw badRequest(`The rows have no column '${column}', which output '${name}' learns`);
    const cells = jsonCells(column, given, columns.rows, kind === "class" ? "category" : "number");
    if (known !== undefined) return [[name, extendClasses(known, cells)]];
    checkFirst(columns);
    return [[name, kind === "class" ? fitClass(cells) : fitNumber(cells)]];
  });
  const targets = new Set(outputs.map(([, { column }]) => column));
  const inputs = portsOf(template.inputs).flatMap(({ name, kind }) => {
    if (kind !== "table") return [];
    const known = tableOf(encoders, name);
    if (known !== undefined) return [[name, known] as const];
    checkFirst(columns);
    const names = [...columns.cells.keys()].filter((each) => !targets.has(each));
    if (names.length === 0) throw badRequest("The rows have no columns besides the targets");
    return [[name, { columns: names.map((each) => fitColumn(cellsOf(each, columns))) }] as const];
  });
  const isSame =
    inputs.every(([name, table]) => tableOf(encoders, name) === table) &&
    outputs.every(([name, target]) => {
      const known = targetOf(encoders, name);
      return known?.kind === "class" && target.kind === "class"
        ? known.classes.length === target.classes.length
        : known === target;
    });
  return isSame ? encoders : { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
}

function cellsOf(name: string, { cells, rows }: JsonColumns): Cells {
  const column = cells.get(name)!;
  return jsonCells(name, column, rows, kindOfCells(column));
}

function checkFirst({ rows }: JsonColumns): void {
  if (rows >= FIRST_ROWS_MIN) return;
  throw badRequest(
    `The first rows decide how columns are coded: send at least ${FIRST_ROWS_MIN} of them, or train with a dataset first`,
  );
}
