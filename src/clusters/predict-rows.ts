import type { Context } from "../app-context.ts";
import { answerShape, type PredictedRow } from "./answer-shape.ts";
import { findCluster } from "./find-cluster.ts";
import { boundedWarnings } from "./bounded-warnings.ts";
import { readJsonRows } from "./json-rows.ts";
import { checkKnown, knownOf, onNetwork } from "./on-network.ts";
import { retried } from "./retried.ts";
import { encodeRows, namesOfRow } from "./row-codec.ts";
import { TurnSize } from "./turn-size.ts";

export interface Predictions {
  /** The columns of rows that are arrays; absent for objects. */
  header?: string[];
  rows: PredictedRow[];
  warnings: string[];
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
  return onNetwork(context.app, uuid, async (turn) => {
    const known = await turn(knownOf);
    const columns = readJsonRows(given, namesOfRow(known.template, known.encoders));
    const encoded = await encodeRows(known, columns, context.app.config.limits);
    const shape = answerShape(known, { rows: columns.rows, isList: Array.isArray(given[0]) });
    const rows: PredictedRow[] = [];
    const size = new TurnSize(encoded.width);
    let isBehind = false;
    while (rows.length < columns.rows) {
      const count = size.next(columns.rows - rows.length);
      const inputs = encoded.inputs(rows.length, count);
      const report = await turn((network) =>
        retried(network, async () => {
          await checkKnown(network, known);
          isBehind = network.hasRowLoss;
          const isSingle = columns.rows === 1;
          return network.request({ cycles: count, timeLength: 1, inputs: structuredClone(inputs), isSingle });
        }),
      );
      size.observe(count, report);
      for (const row of shape.rows(report, count)) rows.push(row);
    }
    const warnings = [...(isBehind ? [ROWS_LOST] : []), ...shape.warnings, ...encoded.warnings()];
    return { ...shape.header, rows, warnings: boundedWarnings(warnings) };
  });
}

const ROWS_LOST = "rows that were learnt after the last save were lost with their host";
