/**
 * Measures the import of CSV files: `npm run bench -- import`. Options: `--json` prints nothing else, `--save` keeps
 * the result under bench/results, `--megabytes N` of each file (30), `--only TEXT` measures the files whose names
 * contain this, `--beside CHECKOUT` measures another built checkout, too, whose datasets have to hold the same values.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatasetFile } from "../../src/datasets/file/reader.ts";
import { urlIn } from "../harness/builds.ts";
import { readOptions } from "../harness/options.ts";
import { rateOf, showRate, type Rate } from "../harness/rates.ts";
import { report, REPORT_OPTIONS } from "../harness/report.ts";
import { table } from "../harness/table.ts";
import { runInTurn } from "../harness/timing.ts";
import { CSV_KINDS, writeCsv, type CsvKind } from "./csv-files.ts";
import type { BenchAnswer, BenchJob } from "./import-bench-process.ts";

const options = readOptions({ ...REPORT_OPTIONS, megabytes: 30, rounds: 3, only: "", beside: "" });

const CARRY_OUT = "src/datasets/import/carry-out.js";
const ours = new URL(`../../${CARRY_OUT}`, import.meta.url).href;
const theirs = options.beside === "" ? undefined : urlIn(options.beside, `dist/${CARRY_OUT}`);

const folder = mkdtempSync(join(tmpdir(), "hanami-bench-"));

/** Runs the work in a process of its own, as the server does, so that every import compiles its code anew. */
async function measure(work: BenchJob): Promise<BenchAnswer> {
  const child = fork(new URL("./import-bench-process.js", import.meta.url), { execArgv: ["--max-old-space-size=512"] });
  const answers: BenchAnswer[] = [];
  child.on("message", (answer: BenchAnswer) => answers.push(answer));
  child.send(work);
  await once(child, "exit");
  if (answers[0] === undefined) throw new Error(`the import of ${work.job.input} failed`);
  return answers[0];
}

/** Compares the values of two dataset files, missing ones as 0; what they know about their columns may differ. */
async function haveSameValues(one: string, other: string): Promise<boolean> {
  const readers = [await openDatasetFile(one), await openDatasetFile(other)] as const;
  const [first, second] = readers;
  let isSame = first.rowCount === second.rowCount && first.groups.length === second.groups.length;
  for (const { name } of isSame ? first.groups : []) {
    const values = await first.readGroup(name, 0, first.rowCount);
    const others = await second.readGroup(name, 0, first.rowCount);
    isSame &&= Buffer.from(values.buffer).equals(Buffer.from(others.buffer));
  }
  for (const reader of readers) await reader.close();
  return isSame;
}

/** MB of the file per second of processor time. */
interface Result {
  name: string;
  megabytes: number;
  import: Rate;
  /** The start of the process included. */
  withStart: Rate;
  /** Processor time of the import in plain loops over the file's bytes. */
  loops: number;
  other?: Rate;
  /** Processor time of the other import in ours. */
  times?: number;
}

async function measureKind(kind: CsvKind): Promise<Result> {
  const input = join(folder, "input");
  const megabytes = writeCsv(input, kind, options.megabytes * 1e6) / 1e6;
  const work = (module: string | undefined, target: string): BenchJob => ({
    module,
    job: { type: "csv", name: "bench", input, target: join(folder, target) },
  });
  const cases = [
    work(undefined, "none"),
    work(ours, "ours"),
    ...(theirs === undefined ? [] : [work(theirs, "theirs")]),
  ];
  const found = await runInTurn(
    cases.map((each) => () => measure(each)),
    { rounds: options.rounds, warmUps: 0 },
  );
  const rate = (answers: BenchAnswer[], time: (answer: BenchAnswer) => number) =>
    rateOf(answers.map((answer) => (megabytes * 1000) / time(answer)));
  const [loop, own, other] = found.map((answers) => rate(answers, ({ cpuMs }) => cpuMs));
  const withStart = rate(found[1]!, ({ wholeMs }) => wholeMs);
  const result = { name: kind.name, megabytes, import: own!, withStart, loops: loop!.median / own!.median };
  if (other === undefined) return result;
  if (!(await haveSameValues(join(folder, "ours"), join(folder, "theirs")))) {
    throw new Error(`${kind.name}: the two imports write different values`);
  }
  return { ...result, other, times: own!.median / other.median };
}

try {
  const results: Result[] = [];
  for (const kind of CSV_KINDS.filter(({ name }) => name.includes(options.only))) {
    results.push(await measureKind(kind));
    console.error(`${results.length}: ${kind.name}`);
  }
  const show = (rate: Rate | undefined) => (rate === undefined ? "" : showRate(rate, (value) => value.toFixed(0)));
  const rows = results.map(({ name, withStart, loops, other, times, ...result }) => [
    name,
    show(result.import),
    show(withStart),
    loops.toFixed(1),
    show(other),
    times?.toFixed(1) ?? "",
  ]);
  const head = "MB per second of processor time, median (lowest to highest)";
  const text = table(["", "import", "with the start", "in loops", "other", "times as fast"], rows);
  report("import", { rounds: options.rounds, results }, `${head}\n\n${text}`, options);
} finally {
  rmSync(folder, { recursive: true });
}
