/**
 * What the scores of a training cost: `npm run bench -- scores` trains digits and prints the share of the time in which
 * the kernels add up losses and hits. `--json` and `--save` as in every benchmark; for a GPU see the kernel `score` in
 * the table of `npm run bench:gpu`.
 */
import { scoring } from "./timed-scores.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { loadDigits } from "../harness/digits.ts";
import { readOptions } from "../harness/options.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { manyOutputCases, trainCase, type Case } from "../kernels/cases.ts";

const ROUNDS = 30;
const WARM_UPS = 6;

const options = readOptions(REPORT_OPTIONS);
const digits = loadDigits(20_000);

function measure(each: Case) {
  const { name, samples } = each;
  for (let round = 0; round < WARM_UPS; round++) each.run(round);
  scoring.ms = 0;
  const startMs = performance.now();
  for (let round = WARM_UPS; round < WARM_UPS + ROUNDS; round++) each.run(round);
  const tookMs = performance.now() - startMs;
  return { name, samplesPerSecond: (1000 * samples * ROUNDS) / tookMs, share: scoring.ms / tookMs };
}

const found = [];
for (const threads of [1, 2]) {
  const engine = new WasmEngine({ threads });
  const steps = [1, 16, 128, 512].map((step) => trainCase(`train in steps of ${step}`, engine, digits, step));
  const [many] = manyOutputCases(engine, digits);
  for (const each of [...steps, many!]) found.push({ threads, ...measure(each) });
  await engine.close();
}
const rows = found.map(({ name, threads, samplesPerSecond, share }) => [
  `${name}, threads ${threads}`,
  (samplesPerSecond / 1000).toFixed(1),
  `${(100 * share).toFixed(2)} %`,
]);
report("scores", { found }, table(["training", "thousand samples/s", "of it scores"], rows), options);
