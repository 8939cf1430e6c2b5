/**
 * Learns real tables with one set of defaults and prints the scores beside those of scikit-learn: `HANAMI_TABLES_DIR=…
 * npm run bench -- tables`. The folder has tables.json and the CSV files that it lists. Every fold is a `fit` and an
 * `evaluate` of raw CSV against a server. `--laboratory` trains in this process instead, from encoders to answers, once
 * and without a server. Options: `--tables a,b`, `--folds N` (5), `--networks N` (of the laboratory: all that the
 * default template has), `--json`, `--save`.
 */
import { readOptions } from "../harness/options.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { startBenchServer } from "../harness/server.ts";
import { NETWORKS, trial } from "./laboratory.ts";
import { trialOfProduct } from "./product.ts";
import { readProblems, type Problem } from "./problems.ts";
import { resultOf, show, summarize, type Result, type Trial } from "./results.ts";

const options = readOptions({ laboratory: false, tables: "", folds: 5, networks: NETWORKS, ...REPORT_OPTIONS });
const folder = process.env["HANAMI_TABLES_DIR"];

if (folder === undefined) console.log("Skipped: set HANAMI_TABLES_DIR to the folder of tables.json.");
else {
  const problems = readProblems(folder, options.tables.split(",").filter(Boolean));
  const results: Result[] = [];
  if (options.laboratory) {
    for (const problem of problems)
      results.push(
        resultOf(
          problem,
          foldsOf(problem).map((fold) => trial(problem, fold, options.networks)),
        ),
      );
  } else {
    const server = await startBenchServer();
    try {
      for (const problem of problems) {
        const folds: Trial[] = [];
        for (const fold of foldsOf(problem)) folds.push(await trialOfProduct(server.client, { problem, folder, fold }));
        results.push(resultOf(problem, folds));
        console.error(`${problem.name}: ${results.at(-1)!.score.toPrecision(4)}`);
      }
    } finally {
      await server.stop();
    }
  }
  report("tables", { results, summary: summarize(results) }, show(results), options);
}

function foldsOf({ test_rows }: Problem): number[] {
  return test_rows.slice(0, options.folds).map((_, fold) => fold);
}
