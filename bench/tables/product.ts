import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HanamiClient } from "hanami-sdk";
import { rowsOfFold, type Problem } from "./problems.ts";
import type { Score } from "./scores.ts";

/**
 * Learns the training rows of one fold and measures the others as a user does: two CSV files, cut from the raw one, a
 * `fit` and an `evaluate` against a server. The cluster and the datasets are deleted again.
 */
export async function trialOfProduct(
  client: HanamiClient,
  { problem, folder, fold }: { problem: Problem; folder: string; fold: number },
): Promise<Score & { seconds: number }> {
  const { train, test } = rowsOfFold(problem, fold);
  const records = recordsOf(readFileSync(join(folder, problem.file), "utf8"));
  const fileOf = (rows: Uint32Array) =>
    new File([records[0]!, ...Array.from(rows, (row) => records[row + 1]!)], problem.file);
  const started = performance.now();
  const { target, kind, drop } = problem;
  const fitted = await client.fit(fileOf(train), { target, kind, drop, seed: fold + 1 });
  const { metrics } = await client.evaluate(fitted.cluster_uuid, fileOf(test));
  const seconds = (performance.now() - started) / 1000;
  await client.clusters.delete(fitted.cluster_uuid);
  await client.datasets.delete(fitted.dataset_uuid);
  if (kind === "number") return { score: Number(metrics["rmse"]), seconds };
  return { score: Number(metrics["accuracy"]), logLoss: Number(metrics["log_loss"]), seconds };
}

/** The records of a CSV file with their line ends, which quoted cells may contain. */
function recordsOf(text: string): string[] {
  const records: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === "\n" && !isQuoted) {
      records.push(text.slice(start, at + 1));
      start = at + 1;
    }
  }
  if (start < text.length) records.push(`${text.slice(start)}\n`);
  return records;
}
