import { and, eq, sql } from "drizzle-orm";
import type { Context } from "../app-context.ts";
import { isOpenTask, tasks } from "../db/schema/index.ts";
import { encodersText } from "../encoders/network-encoders.ts";
import { conflict } from "../errors.ts";
import type { Rows } from "../network/run.ts";
import { answerShape, type PredictedRow } from "./answer-shape.ts";
import { encodersOf } from "./answers.ts";
import { checkEncodedWidths } from "./check-encoded-widths.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import { findCluster } from "./find-cluster.ts";
import { changesOfTargets, fitToRows } from "./fit-rows.ts";
import { boundedWarnings } from "./bounded-warnings.ts";
import { readJsonRows } from "./json-rows.ts";
import { LearntSoFar } from "./learnt-so-far.ts";
import { checkKnown, knownOf, onNetwork, type KnownNetwork } from "./on-network.ts";
import { retried } from "./retried.ts";
import { encodeRows, namesOfRow } from "./row-codec.ts";

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

/** Rows that are learnt at once. Each of them is predicted before. */
const STEP_ROWS = 16;

/**
 * Learns rows of JSON, in order and in turn with the cluster's tasks. The encoders of a network that has none are
 * fitted to the rows. Throws like `predictRows`, and 409 once after rows of earlier calls were lost. An error in the
 * middle of the rows says how many of them were learnt; before, nothing has changed.
 */
export async function learnRows(context: Context, input: LearnRowsInput): Promise<LearntRows> {
  const { rows: given, predict } = input;
  const { config } = context.app;
  const { uuid } = await findCluster(context, input.cluster_uuid);
  return onNetwork(context.app, uuid, async (turn) => {
    const { before, soFar } = await turn(async (network) => {
      const known = await knownOf(network);
      if (network.takeRowLoss()) {
        throw conflict("Rows that were learnt after the last save were lost with their host: learn them again");
      }
      return { before: known, soFar: new LearntSoFar(network) };
    });
    const columns = readJsonRows(given, namesOfRow(before.template, before.encoders, { withTargets: true }));
    const fitted = await fitToRows(before, columns, input.targets);
    checkEncodedWidths(config.limits, fitted);
    const text = fitted === before.encoders ? before.info.encoders : encodersText(fitted);
    const info = { ...before.info, encoders: text };
    const known: KnownNetwork = { ...before, info, encoders: encodersOf(info) };
    const encoded = await encodeRows(known, columns, config.limits, { withTargets: true });
    const shape = answerShape(known, {
      rows: predict ? columns.rows : 0,
      isList: Array.isArray(given[0]),
    });
    const enter = async (network: ClusterNetwork) => {
      const { info: now } = await network.ready();
      soFar.check(network);
      if (now.encoders === text || now.encoders !== before.info.encoders) return checkKnown(network, known);
      await checkKnown(network, before);
      await checkNoTraining(context, uuid);
      await network.setEncoders(text);
    };
    const answered: (PredictedRow | null)[] = [];
    try {
      for (let first = 0; first < columns.rows; first += STEP_ROWS) {
        const count = Math.min(STEP_ROWS, columns.rows - first);
        const inputs = encoded.inputs(first, count);
        const expected = encoded.expected(first, count);
        const cycles = { cycles: count, timeLength: 1 };
        const step = async (network: ClusterNetwork): Promise<(PredictedRow | null)[]> => {
          await enter(network);
          const isTaught = (await network.ready()).info.figures.cycle > 0;
          const asked = { ...cycles, inputs: structuredClone(inputs), isSingle: columns.rows === 1 };
          const rows = predict && isTaught ? shape.rows(await network.request(asked), count) : null;
          const rule = { batchSize: count, schedule: "stream" as const };
          await network.learn({ ...cycles, ...structuredClone({ inputs, expected }), ...rule });
          soFar.add(network, rowsWithTargets(expected, count));
          return rows ?? Array<null>(count).fill(null);
        };
        answered.push(...(await turn((network) => retried(network, () => step(network)))));
      }
    } catch (error) {
      throw await soFar.interrupted(error, turn);
    }
    const rows = predict ? { ...shape.header, rows: answered } : {};
    const skipped = columns.rows - soFar.rows;
    const without = skipped === 0 ? [] : [`rows without all targets are not learnt: ${skipped}`];
    return {
      ...rows,
      learnt: soFar.rows,
      warnings: boundedWarnings([
        ...changesOfTargets(before.encoders, fitted),
        ...without,
        ...shape.warnings,
        ...encoded.warnings(),
      ]),
    };
  });
}

/** How many rows the network learns: all of their targets are there. */
function rowsWithTargets(expected: readonly Rows[], count: number): number {
  let learnt = 0;
  for (let row = 0; row < count; row++) {
    const isWhole = ({ width, values }: Rows) =>
      !values.subarray(row * width, (row + 1) * width).some((value) => Number.isNaN(value));
    if (expected.every(isWhole)) learnt += 1;
  }
  return learnt;
}

/** Throws 409 while a training may set encoders of its own, which would take the place of others. */
async function checkNoTraining({ app }: Context, uuid: string): Promise<void> {
  const [training] = await app.db
    .select({ uuid: tasks.uuid })
    .from(tasks)
    .where(and(eq(tasks.cluster_uuid, uuid), isOpenTask, sql`${tasks.plan} ->> 'kind' = 'train'`))
    .limit(1);
  if (training !== undefined) throw conflict("The cluster is about to learn a table in a task");
}
