import type { Context } from "../app-context.ts";
import { EncoderError } from "../encoders/encoder-error.ts";
import type { NetworkEncoders } from "../encoders/network-encoders.ts";
import { numberText } from "../encoders/number-text.ts";
import { badRequest, conflict } from "../errors.ts";
import { isUnavailable } from "../hosts/host-errors.ts";
import type { NetworkInfo, RequestReport } from "../hosts/host.ts";
import { parseTemplate, type Template } from "../network/template/parse-template.ts";
import { answersOf, encodersOf, targetOf, type Answer } from "./answers.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { findCluster } from "./find-cluster.ts";
import { readJsonRows } from "./json-rows.ts";
import { predictionNames } from "./prediction-names.ts";
import { encodeRows, namesOfRow, portsOf, type EncodedRows } from "./row-codec.ts";

/** A row of an answer: an object by column, or an array in the order of `header`. */
export type PredictedRow = Record<string, unknown> | unknown[];

export interface Predictions {
  /** The columns of rows that are arrays; absent for objects. */
  header?: string[];
  rows: PredictedRow[];
  warnings: string[];
}

/** Values that are encoded and computed in one turn of the host. */
const TURN_VALUES = 1_048_576;
/** Cells of one answer. */
const ANSWER_CELLS_MAX = 100_000;

/** A network and what its rows mean. */
export interface KnownNetwork {
  info: NetworkInfo;
  template: Template;
  encoders: NetworkEncoders;
}

/**
 * Answers rows of JSON, in turn with the cluster's tasks. Throws 400 for rows that the network cannot take, 404 for an
 * unknown cluster, 409 when its host cannot take the network.
 */
export async function predictRows(
  context: Context,
  { cluster_uuid, rows: given }: { cluster_uuid: string; rows: readonly unknown[] },
): Promise<Predictions> {
  const { uuid } = await findCluster(context, cluster_uuid);
  return onNetwork(context, uuid, async (turn) => {
    const known = await turn(knownOf);
    const columns = readJsonRows(given, namesOfRow(known.template, known.encoders));
    const encoded = encodeRows(known, columns);
    const shape = answerShape(known, { rows: columns.rows, isList: Array.isArray(given[0]) });
    const rows: PredictedRow[] = [];
    for (const { first, count } of turnsOf(encoded, columns.rows)) {
      const report = await turn((network) => answerRows(network, known, encoded, { first, count }));
      rows.push(...shape.rows(report, count));
    }
    return { ...shape.header, rows, warnings: [...shape.warnings, ...encoded.warnings] };
  });
}

/** Runs work whose turns are between those of the cluster's tasks. */
export async function onNetwork<T>(
  { app }: Pick<Context, "app">,
  uuid: string,
  work: (turn: <R>(use: (network: ClusterNetwork) => Promise<R>) => Promise<R>) => Promise<T>,
): Promise<T> {
  try {
    return await work((use) => app.scheduler.exclusive(uuid, use));
  } catch (error) {
    if (error instanceof EncoderError) throw badRequest(error.message, { cause: error });
    throw isUnavailable(error) ? conflict(error.message) : error;
  }
}

export async function knownOf(network: ClusterNetwork): Promise<KnownNetwork> {
  const { info } = await network.ready();
  return { info, template: parseTemplate(info.template), encoders: encodersOf(info) };
}

/** Throws 409 when a task has given the cluster another network. */
export async function checkKnown(network: ClusterNetwork, { info }: KnownNetwork): Promise<void> {
  const { info: now } = await network.ready();
  if (now.template !== info.template || now.encoders !== info.encoders) {
    throw conflict("The cluster has learnt other columns meanwhile: try again");
  }
}

export async function answerRows(
  network: ClusterNetwork,
  known: KnownNetwork,
  encoded: EncodedRows,
  { first, count }: { first: number; count: number },
): Promise<RequestReport> {
  await checkKnown(network, known);
  return network.request({ cycles: count, timeLength: 1, inputs: encoded.inputs(first, count) });
}

/** Cuts rows into turns of bounded time. */
export function* turnsOf({ width }: EncodedRows, rows: number): Generator<{ first: number; count: number }> {
  const most = Math.max(1, Math.floor(TURN_VALUES / Math.max(1, width)));
  for (let first = 0; first < rows; first += most) yield { first, count: Math.min(most, rows - first) };
}

/** The columns of the answers, and the rows of a report. */
export function answerShape(
  { template, encoders }: KnownNetwork,
  { rows, isList }: { rows: number; isList: boolean },
): {
  header: { header?: string[] };
  warnings: string[];
  rows: (report: RequestReport, count: number) => PredictedRow[];
} {
  const results = portsOf(template.outputs).map(({ name: output }) => {
    const target = targetOf(encoders, output);
    const name = target === undefined ? output : `predicted_${target.column}`;
    return { output, name, classes: target?.kind === "class" ? target.classes : [] };
  });
  const { names, warnings } = predictionNames(results, []);
  const header = results.flatMap(({ name }) => [name, ...(names.get(name) ?? [])]);
  if (header.length * rows > ANSWER_CELLS_MAX) {
    throw badRequest(
      `The answer would have ${header.length * rows} cells, but at most ${ANSWER_CELLS_MAX} are possible`,
    );
  }
  return {
    header: isList ? { header } : {},
    warnings,
    rows(report, count) {
      const answers = answersOf(template, encoders, report, count);
      return Array.from({ length: count }, (_, row) => {
        const cells = answers.flatMap((answer) => cellsOf(answer, row));
        return isList ? cells : Object.fromEntries(header.map((name, index) => [name, cells[index]]));
      });
    },
  };
}

function cellsOf(answer: Answer, row: number): unknown[] {
  switch (answer.kind) {
    case "class": {
      const { target, labels, probabilities } = answer;
      const count = target.classes.length;
      const shares = Array.from(probabilities.subarray(row * count, (row + 1) * count), rounded);
      return [target.classes[labels[row]!], ...shares];
    }
    case "number":
      return [Number(numberText(answer.values[row]!))];
    case "values": {
      const { width, values } = answer;
      const list = Array.from(values.subarray(row * width, (row + 1) * width), rounded);
      return [width === 1 ? list[0] : list];
    }
  }
}

/** As many digits as a 32-bit float has. */
const rounded = (value: number) => Number(value.toPrecision(7));
