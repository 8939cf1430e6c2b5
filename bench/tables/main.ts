/**
 * Learns real tables with one set of defaults and prints the scores beside those of scikit-learn:
 * `HANAMI_TABLES_DIR=… npm run bench -- tables --laboratory`. The folder has tables.json and the CSV files that it
 * lists. `--laboratory` trains in this process, from encoders to answers, without a server. Options: `--tables a,b`,
 * `--folds N` (5), `--networks N` (all that the default template has), `--json`, `--save`.
 */
import { readOptions } from "../harness/options.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { trial } from "./laboratory.ts";
import { readProblems, type Problem } from "./problems.ts";
import { mean, show, summarize, type Result } from "./results.ts";
import { standing } from "./scores.ts";

const options = readOptions({ laboratory: false, tables: "", folds: 5, networks: 2, ...REPORT_OPTIONS });
const folder = process.env["HANAMI_TABLES_DIR"];

if (folder === undefined) console.log("Skipped: set HANAMI_TABLES_DIR to the folder of tables.json.");
else if (!options.laboratory) {
  console.error("Only the laboratory measures tables: add --laboratory");
  process.exitCode = 1;
} else {
  const results = readProblems(folder, options.tables.split(",").filter(Boolean)).map(measure);
  report("tables", { results, summary: summarize(results) }, show(results), options);
}

function measure(problem: Problem): Result {
  const folds = problem.test_rows.slice(0, options.folds).map((_, fold) => trial(problem, fold, options.networks));
  const score = mean(folds.map((each) => each.score));
  return {
    name: problem.name,
    kind: problem.kind,
    peers: problem.peers,
    score,
    ...(problem.kind === "class" && { logLoss: mean(folds.map((each) => each.logLoss ?? 0)) }),
    seconds: folds.reduce((sum, each) => sum + each.seconds, 0),
    ...standing(problem, score),
  };
}
